"""Databases, splits and segmentations by name, or of one's own; leads; two databases at once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest

from ecg.beats.segmentations.base import annotated_beats
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data import ArrhythmiaDataModule, MIDataModule
from ecg.errors import EcgError
from ecg.recordings.databases import DATABASES, BeatDatabase
from ecg.recordings.recording import Recording
from ecg.recordings.synthetic import write_arrhythmia

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class Slopes:
    """A segmentation of one's own with two inputs."""

    name: ClassVar[str] = "slopes"
    version: ClassVar[int] = 1
    leads: ClassVar[tuple[str, ...]] = ("V5",)

    reach: int = 4
    fs: float = 360.0
    recording_fs: float | None = None
    r_peak_s: float = 0.0

    def shapes(self, leads: int) -> dict[str, tuple[int, ...]]:
        return {"signal": (leads, self.reach), "slope": (1,)}

    def __call__(self, recording: Recording) -> Beats:
        beats, _ = annotated_beats(recording)
        at = np.clip(beats.sample[:, None] + np.arange(self.reach), 0, recording.digital.shape[1] - 1)
        signal = recording.digital[:, at].transpose(1, 0, 2).astype(np.float32)
        return replace(beats, inputs={"signal": signal, "slope": np.ptp(signal, axis=2)[:, :1]})


def first_and_last(beats: Beats, *, seed: int, classes: Sequence[str]) -> Split:
    """A split of one's own, which takes two of the settings."""
    assert (seed, len(classes)) == (7, 5)
    names = list(dict.fromkeys(beats.record.tolist()))
    train, val, test = (np.flatnonzero(np.isin(beats.record, part)) for part in (names[:-2], names[-2:-1], names[-1:]))
    return Split("first and last", train, val, test, by_patient=True)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two databases of somebody's own, which `my_package` names, of four and three records."""
    for name, patients in (("mine", 4), ("yours", 3)):
        write_arrhythmia(tmp_path / name, patients=patients, minutes=0.5, seed=patients)
    for path in (tmp_path / "yours").glob("sim*"):  # records of two databases need names of their own
        if path.suffix == ".hea":
            path.write_text(path.read_text().replace("sim0", "your0"))
        path.rename(path.with_name(path.name.replace("sim", "your")))
    module = ModuleType("my_package")
    module.MINE = BeatDatabase(name="mine", title="My recordings")  # type: ignore[attr-defined]
    module.YOURS = BeatDatabase(  # type: ignore[attr-defined]
        name="yours", title="Yours", patient=lambda record: f"your {record}", test=("your001",)
    )
    module.Slopes, module.first_and_last = Slopes, first_and_last  # type: ignore[attr-defined]
    monkeypatch.setattr(Slopes, "__module__", "my_package")
    monkeypatch.setitem(sys.modules, "my_package", module)
    return tmp_path


def ready(folder: Path, **more: Any) -> ArrhythmiaDataModule:
    data = ArrhythmiaDataModule("physionet", data_dir=folder, cache_dir=folder / "cache", batch_size=8, **more)
    data.prepare_data()
    data.setup()
    return data


def test_a_database_of_ones_own_is_named_by_its_import_path(own: Path) -> None:
    data = ready(own, databases=["my_package.MINE"])
    assert (data.info.databases, data.databases) == (("mine",), {"mine"})
    assert set(data.beats.database) == {"mine"}
    assert data.info.facts["records"] == 4
    assert data.info.origin == "source physionet (mine)"
    assert (data.info.split, data.info.by_patient) == ("patients", True)
    recording = data.source.recording("sim002")
    assert recording is not None
    assert recording.database == "mine"
    assert data.source.recording("100") is None
    assert ready(own, databases=["my_package.MINE"]).cached


def test_two_databases_are_one_table_and_each_is_divided_by_its_own_rule(own: Path) -> None:
    data = ready(own, databases=["my_package.MINE", "my_package.YOURS"])
    assert data.info.databases == ("mine", "yours")
    assert data.info.facts["records"] == 7
    assert "mine and yours are taken to share no patient." in data.info.notes
    tested = data.beats.take(data.split.test)
    assert set(tested.record[tested.database == "yours"]) == {"your001"}
    assert 1 <= len(set(tested.record[tested.database == "mine"])) < 4
    parts = [ready(own, databases=[f"my_package.{name}"]) for name in ("MINE", "YOURS")]
    np.testing.assert_array_equal(data.beats.signal, np.concatenate([part.beats.signal for part in parts]))
    assert len({data.info.fingerprint, *(part.info.fingerprint for part in parts)}) == 3
    assert all(part.cached for part in parts)


def test_two_databases_with_a_record_of_one_name_are_refused(own: Path) -> None:
    again = BeatDatabase(name="again", title="Mine once more")
    shutil.copytree(own / "mine", own / "again")
    with pytest.raises(EcgError, match="mine and again both have a record sim000, so their beats could not be told"):
        ready(own, databases=["my_package.MINE", again])


def test_a_segmentation_of_ones_own_gives_its_inputs(own: Path) -> None:
    data = ready(own, databases=["my_package.MINE"], segmentation={"name": "my_package.Slopes", "reach": 6})
    assert data.shapes == data.info.shapes == {"signal": (1, 6), "slope": (1,)}
    assert (data.info.segmentation, data.info.leads, data.info.wanted) == ("slopes", ("V5",), ("V5",))
    inputs, _ = next(iter(data.train_dataloader()))
    assert {name: tuple(x.shape) for name, x in inputs.items()} == {"signal": (8, 1, 6), "slope": (8, 1)}
    assert not ready(own, databases=["my_package.MINE"], segmentation="my_package.Slopes").cached  # other settings


def test_a_split_of_ones_own_is_given_the_settings_it_takes(own: Path) -> None:
    data = ready(own, databases=["my_package.MINE"], split="my_package.first_and_last", seed=7)
    assert (data.info.split, data.info.by_patient) == ("first and last", True)
    assert set(data.beats.record[data.split.test]) == {"sim003"}


def test_leads_are_rows_in_the_order_that_was_asked_for(own: Path) -> None:
    both, turned, one = (
        ready(own, databases=["my_package.MINE"], segmentation="window", leads=leads)
        for leads in (["MLII", "V5"], ["v5", "aVL|MLII"], ["V5"])
    )
    assert (both.shapes["signal"][0], both.info.leads, both.info.wanted) == (2, ("MLII+V5",), ("MLII", "V5"))
    assert turned.info.leads == ("v5+MLII",)
    np.testing.assert_array_equal(both.beats.signal, turned.beats.signal[:, ::-1])
    np.testing.assert_array_equal(both.beats.signal[:, 1:], one.beats.signal)
    np.testing.assert_array_equal(both.beats.inputs["rhythm"], one.beats.inputs["rhythm"])
    with pytest.raises(EcgError, match="record sim000: no lead V9; it has MLII, V5"):
        ready(own, databases=["my_package.MINE"], leads=["V9"])


def test_a_database_that_is_nowhere_is_answered_with_what_to_do(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = BeatDatabase(name="nowhere", title="Nowhere")
    with pytest.raises(EcgError, match=rf"{own / 'nowhere'} does not exist\. Put the records of nowhere into"):
        ready(own, databases=[nowhere])
    (own / "nowhere").mkdir()
    with pytest.raises(EcgError, match=rf"{own / 'nowhere'} has no records\. Put the records"):
        ready(own, databases=[nowhere])


@pytest.mark.parametrize("kind", [ArrhythmiaDataModule, MIDataModule])
def test_databases_are_chosen_from_those_of_the_task(kind: type[Any], tmp_path: Path) -> None:
    own, other = ("mitdb", "ptbdb") if kind is ArrhythmiaDataModule else ("ptbdb", "mitdb")
    for wrong, said in (
        ([other], f"databases={other}: choose one of "),
        (["nothing"], "databases=nothing: choose one of .*or the import path of one of your own"),
        (own, f"databases={own}: must be a list, e.g. "),
        ([], r"databases=\[\]: "),
        ([own, own], rf"databases=\[{own}, {own}\]: names one twice"),
        ([DATABASES[other]], "databases=.*: is no ecg.recordings.databases."),
        (["ecg.errors.EcgError"], "databases=ecg.errors.EcgError: is no ecg.recordings.databases."),
        (["nowhere.MINE"], "databases=nowhere.MINE: there is no module nowhere"),
    ):
        with pytest.raises(EcgError, match=f"^{said}"):
            kind("physionet", databases=wrong, data_dir=tmp_path, cache_dir=tmp_path)
    kind("physionet", databases=[DATABASES[own]], data_dir=tmp_path, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
