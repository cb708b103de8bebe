"""A segmentation, a split and a database of one's own, by import path; a stranger's files may name none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import ecg
from ecg.beats.segmentations import settings_of
from ecg.config.compose import compose
from ecg.data.settings import Simulated
from ecg.errors import EcgError
from ecg.models import kachuee
from ecg.runs.reading import load_config, save_config
from ecg.runs.weights import describe_weights, load_weights, save_weights

Here = Callable[[str, str], Path]

CONTENT = '''
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecg.beats.segmentations import PaperSegmentation
from ecg.beats.splits import Split
from ecg.recordings.databases import BeatDatabase, DiagnosisDatabase

Path(__file__).with_suffix(".imported").touch()

@dataclass(frozen=True)
class Mine(PaperSegmentation):
    """Windows of 5 s."""

    name = "mine"
    window_s: float = 5.0

SHORT = Mine(window_s=4.0)

class Unlike:
    pass

def by_turns(beats, *, seed):
    """Every third beat tests, the next one validates."""
    place = np.arange(len(beats)) + seed
    return Split("by turns", *(np.flatnonzero(place % 3 == i) for i in (2, 1, 0)))

def overlapping(beats):
    place = np.arange(len(beats))
    return Split("overlapping", place, place[:5], place[5:])

def no_split(beats):
    return "half of them"

HOSPITAL = BeatDatabase(name="hospital", title="A hospital's recordings", test=("sim001",))
CLINIC = DiagnosisDatabase(name="clinic", title="A clinic", select=lambda folder: [], present=lambda folder: True)
'''
SMALL = ("dataset.source=synthetic", "dataset.synthetic.patients=5", "dataset.synthetic.minutes=0.5", "seed=1")


@pytest.fixture
def mine(here: Here) -> Path:
    """A module of one's own in the current folder; what is made when it is imported."""
    return here("ecg_test_own", CONTENT).with_suffix(".imported")


def forget(imported: Path) -> None:
    """As before the module was imported for the first time."""
    sys.modules.pop("ecg_test_own", None)
    imported.unlink(missing_ok=True)


def test_a_segmentation_and_a_split_of_ones_own_make_and_divide_the_beats(mine: Path, tmp_path: Path) -> None:
    typed = ("dataset.segmentation={name:ecg_test_own.Mine,threshold:0.7}", "dataset.split=ecg_test_own.by_turns")
    config = compose(*SMALL, *typed, f"cache_dir={tmp_path / 'cache'}")
    data = config.data()
    data.setup()
    assert mine.exists()
    assert settings_of(data.segmentation) == {
        "name": "ecg_test_own.Mine", "rate": 125.0, "window_s": 5.0, "threshold": 0.7, "beat_rr": 1.2,
        "scaling": "minmax",
    }  # fmt: skip
    assert (data.info.segmentation, data.info.split, data.info.by_patient) == ("mine", "by turns", False)
    assert data.split.test.tolist() == [i for i in range(len(data.beats)) if i % 3 == 2]  # seed=1 was given to it
    theirs = compose(*SMALL, "dataset.segmentation={name:paper,window_s:5,threshold:0.7}", f"cache_dir={tmp_path}")
    theirs = theirs.data()
    theirs.setup()
    np.testing.assert_array_equal(data.beats.signal, theirs.beats.signal)


def test_a_segmentation_that_is_made_already_is_taken_as_it_is(mine: Path) -> None:
    made = compose("dataset.segmentation=ecg_test_own.SHORT").data().segmentation
    assert (made.name, made.window_s) == ("mine", 4.0)


def test_a_database_of_ones_own_is_read_from_its_folder_and_divided_by_its_split(mine: Path, tmp_path: Path) -> None:
    folder = Simulated(patients=5, minutes=0.5).folder("arrhythmia", tmp_path)
    (tmp_path / "data").mkdir()
    folder.rename(tmp_path / "data" / "hospital")
    folders = (f"data_dir={tmp_path / 'data'}", f"cache_dir={tmp_path / 'cache'}")
    data = compose("dataset.databases=[ecg_test_own.HOSPITAL]", "dataset.split=patients", *folders).data()
    data.setup()
    assert (data.info.databases, data.info.simulated) == (("hospital",), False)
    assert set(data.beats.database) == {"hospital"}
    assert set(data.beats.record[data.split.test]) == {"sim001"}
    missing = compose("dataset.databases=[ecg_test_own.HOSPITAL]", f"data_dir={tmp_path / 'none'}").data()
    with pytest.raises(EcgError, match=r"hospital.*data_dir=") as told:
        missing.setup()
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.segmentation=ecg_test_own.Min", "=ecg_test_own.Min: ecg_test_own has no Min; did you mean ecg_test"),
        ("dataset.segmentation=ecg_test_own.Unlike", "=ecg_test_own.Unlike: is no ecg.beats.segmentations.Segmenta"),
        ("dataset.segmentation=ecg_test_own.by_turns", "=ecg_test_own.by_turns: is no ecg.beats.segmentations.Segm"),
        ("dataset.segmentation=ecg_test_nowhere.Mine", "=ecg_test_nowhere.Mine: there is no module ecg_test_nowhere"),
        (
            "dataset.segmentation={name:ecg_test_own.Mine,windows:3}",
            ".windows is no setting of ecg_test_own.Mine: did you mean segmentation.window_s? settings: rate, ",
        ),
        ("dataset.segmentation={name:ecg_test_own.Mine,window_s:1}", ".window_s=1: must be from 2 to 600"),
        (
            "dataset.segmentation={name:ecg_test_own.SHORT,window_s:3}",
            ".window_s is no setting of ecg_test_own.SHORT: settings: none",
        ),
        ("dataset.split=ecg_test_own.by_turn", "=ecg_test_own.by_turn: ecg_test_own has no by_turn; did you mean "),
        ("dataset.split=ecg_test_own.HOSPITAL", "=ecg_test_own.HOSPITAL: is no function"),
        ("dataset.databases=[ecg_test_own.CLINIC]", "=ecg_test_own.CLINIC: is no ecg.recordings.databases.BeatData"),
        ("dataset.databases=[ecg_test_own.HOSPITAL,ecg_test_own.HOSPITAL]", "=[hospital, hospital]: names one twice"),
    ],
)
def test_a_slip_in_an_import_path_is_answered_in_one_line(mine: Path, override: str, said: str) -> None:
    with pytest.raises(EcgError) as told:
        compose(override, "data_dir=/nowhere", "cache_dir=/nowhere").data()
    assert str(told.value).startswith(override.partition("=")[0] + said)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("overlapping", r"^dataset\.split=overlapping: 5 beats are in train and in val$"),
        ("no_split", r"^dataset\.split=ecg_test_own\.no_split: gives str, not an ecg\.beats\.splits\.Split$"),
    ],
)
def test_a_split_of_ones_own_that_is_none_is_refused(mine: Path, tmp_path: Path, rule: str, said: str) -> None:
    data = compose(*SMALL, f"dataset.split=ecg_test_own.{rule}", f"cache_dir={tmp_path}").data()
    with pytest.raises(EcgError, match=said):
        data.setup()


NAMED: dict[str, dict[str, Any]] = {
    "segmentation": {"segmentation": "ecg_test_own.Mine"},
    "segmentation by its name": {"segmentation": {"name": "ecg_test_own.Mine", "threshold": 0.8}},
    "split": {"split": "ecg_test_own.by_turns"},
    "databases": {"databases": ["ecg_test_own.HOSPITAL"], "source": "physionet", "split": "patients"},
    "databases among ours": {"databases": ["mitdb", "ecg_test_own.HOSPITAL"], "source": "physionet"},
}
NO_TRUST = (None, "", "ecg_test", "ecg_test_own2", "other", "ecg_test_own.Mine.x")


def untrusted(monkeypatch: pytest.MonkeyPatch, trust: str | None) -> None:
    monkeypatch.delenv("ECG_TRUST", raising=False)
    if trust is not None:
        monkeypatch.setenv("ECG_TRUST", trust)


@pytest.mark.parametrize("settings", NAMED.values(), ids=NAMED)
def test_a_run_folder_that_names_an_import_path_is_refused_unless_it_is_trusted(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    tree = compose(*SMALL, f"cache_dir={tmp_path / 'cache'}").as_dict()
    path = tmp_path / "run" / "config.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump({**tree, "dataset": {**tree["dataset"], **settings}}))
    key, named = next(iter(settings)), str(settings).partition("ecg_test_own.")[2].partition("'")[0]
    assert not mine.exists()
    for trust in NO_TRUST:
        untrusted(monkeypatch, trust)
        for read in (load_config, lambda path: ecg.load_run(path.parent).config):
            with pytest.raises(EcgError) as told:
                read(path)
            said = str(told.value)
            assert said.startswith(f"{path} ")
            assert f"dataset.{key}" in said
            assert f"ecg_test_own.{named}: " in said
            assert said.endswith("if you trust it, set ECG_TRUST=ecg_test_own")
            assert said.isprintable()
    assert not mine.exists()  # a stranger's module is not even looked at
    assert "ecg_test_own" not in sys.modules
    monkeypatch.setenv("ECG_TRUST", "other,ecg_test_own")
    load_config(path).data()
    assert mine.exists()  # so that the line above can fail


def test_what_is_typed_is_trusted_and_its_own_run_folder_is_not(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECG_TRUST", raising=False)
    config = compose("dataset.segmentation=ecg_test_own.Mine", "dataset.databases=[ecg_test_own.HOSPITAL]")
    config.data()
    save_config(config, tmp_path / "config.yaml")
    with pytest.raises(EcgError, match=r"set ECG_TRUST=ecg_test_own$"):
        load_config(tmp_path / "config.yaml")
    monkeypatch.setenv("ECG_TRUST", "ecg_test_own")
    assert load_config(tmp_path / "config.yaml") == config


@pytest.fixture
def weights(tmp_path: Path, mine: Path) -> Callable[[dict[str, Any]], Path]:
    """A weights file of simulated beats that says this of its segmentation."""
    data = compose(*SMALL, "dataset.segmentation=paper", f"cache_dir={tmp_path / 'cache'}").data()
    data.setup()

    def make(segmentation: dict[str, Any]) -> Path:
        torch.manual_seed(0)
        node = {"_target_": "ecg.models.kachuee"}
        save_weights(
            tmp_path / "weights.safetensors",
            kachuee().state_dict(),
            info=data.info,
            model=node,
            segmentation=segmentation,
            training={},
        )
        return tmp_path / "weights.safetensors"

    return make


@pytest.mark.parametrize("read", [describe_weights, load_weights, ecg.load_model])
def test_weights_whose_segmentation_is_an_import_path_are_refused_unless_it_is_trusted(
    weights: Callable[[dict[str, Any]], Path], mine: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], Any]
) -> None:
    path = weights({"name": "ecg_test_own.Mine", "threshold": 0.8})
    assert not mine.exists()
    for trust in NO_TRUST:
        untrusted(monkeypatch, trust)
        with pytest.raises(EcgError) as told:
            read(path)
        said = str(told.value)
        assert said.startswith(f"{path}: ")
        assert "ecg_test_own.Mine: " in said
        assert "if you trust it, set ECG_TRUST=ecg_test_own" in said
        assert said.isprintable()
    assert not mine.exists()
    assert "ecg_test_own" not in sys.modules
    monkeypatch.setenv("ECG_TRUST", "ecg_test_own")
    read(path)
    assert mine.exists()
    made = describe_weights(path).segmentation
    assert (made.name, made.threshold, made.window_s) == ("mine", 0.8, 5.0)  # type: ignore[attr-defined]
