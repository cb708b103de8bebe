"""A run trained on one database is evaluated on another; both are one's own, named by import path."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.evaluate import evaluate
from ecg.pipeline import report, run
from ecg.recordings.synthetic import write_arrhythmia
from ecg.runs.job import Job
from ecg.runs.run import load_run

from .conftest import blank

Command = Callable[..., str]
OWN = '''"""Wards; recordings of the first two have the same names."""
from ecg.recordings.databases import BeatDatabase


def of_second(record):
    return "sim000" if record == "sim001" else record


FIRST = BeatDatabase(name="first_ward", title="The first ward")
SECOND = BeatDatabase(
    name="second_ward", title="The second ward", test=("sim000", "sim001", "sim002", "sim003"), patient=of_second
)
THIRD = BeatDatabase(name="third_ward", title="The third ward")
'''


@dataclass(frozen=True)
class Wards:
    """Where the recordings are, and what else a run is told.

    Attributes:
        folder: holds first_ward/ and second_ward/.
        cache: for prepared beats.
    """

    folder: Path
    cache: Path

    def settings(self, name: str) -> list[str]:
        of = [f"dataset.databases=[own_wards.{name}]", "dataset.source=physionet"]
        return [*of, f"data_dir={self.folder}", f"cache_dir={self.cache}"]

    def train(self, folder: Path, *more: str) -> Path:
        """A run of one epoch on the first ward."""
        usual = ["dataset=arrhythmia", "model=kachuee", "dataset.batch_size=64", "trainer.max_epochs=1"]
        given = [*usual, "logger=none", "bootstrap=20", *self.settings("FIRST"), *more]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report, "run_figures", blank)
            run(compose(*given), Job(folder))
        return folder


@pytest.fixture(scope="module")
def wards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wards]:
    home = tmp_path_factory.mktemp("wards")
    (home / "own_wards.py").write_text(OWN)
    for seed, name in ((1, "first_ward"), (2, "second_ward")):
        write_arrhythmia(home / name, patients=8, minutes=0.5, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(home)
        patch.setenv("ECG_TRUST", "own_wards")
        yield Wards(home, home / "cache")


@pytest.fixture(scope="module")
def on_first(wards: Wards, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wards.train(tmp_path_factory.mktemp("on_first") / "run")


@pytest.fixture(scope="module")
def sequence_on_first(wards: Wards, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sequence = ("model=sequence", "model.beats=16", "model.context=4", "dataset.segmentation=window")
    return wards.train(tmp_path_factory.mktemp("sequence_on_first") / "run", *sequence)


def records(folder: Path) -> set[str]:
    return set(pd.read_csv(folder / "predictions.csv", dtype=str)["record"])


@pytest.mark.parametrize("name", ["on_first", "sequence_on_first"])
def test_no_patient_of_another_database_trained_the_model(
    name: str, wards: Wards, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Though the names of records and patients are the same."""
    trained = request.getfixturevalue(name)
    made = evaluate(trained, wards.settings("SECOND"), out=tmp_path / "out")
    assert made.sentence.startswith(
        "No patient in common: these are other recordings than those that trained the model"
    )
    assert "source physionet (first_ward)" in made.sentence
    assert made.overlap.elsewhere
    assert not made.overlap.loud
    assert records(made.folder.path) == {"sim000", "sim001", "sim002", "sim003"}
    assert records(made.folder.path) & set(load_run(trained).split["patients"]["train"])
    found = json.loads(made.folder.metrics.read_text())
    assert (found["overlap/beats"], found["overlap/patients"]) == (0, 0)
    assert (found["evaluated/records"], found["evaluated/patients"]) == (4, 3)
    assert found["overlap/said"] == made.sentence
    page = made.folder.page.read_text()
    assert "No patient in common" in page
    assert "source physionet (second_ward)" in page
    assert "OVERLAP" not in page


def test_on_its_own_database_a_run_has_its_own_scores(on_first: Path, tmp_path: Path) -> None:
    made = evaluate(on_first, out=tmp_path / "out")
    assert made.results.metrics["test/accuracy"] == load_run(on_first).metrics["test/accuracy"]
    assert made.sentence.startswith("No patient in common: none of the ")
    assert not made.overlap.elsewhere


def test_every_beat_of_the_other_database_can_be_evaluated(
    on_first: Path, wards: Wards, tmp_path: Path, command: Command
) -> None:
    words = [*wards.settings("SECOND"), "--subset", "all", "--out", tmp_path / "out"]
    assert "No patient in common" in command("evaluate", on_first, *words)
    assert len(records(tmp_path / "out")) == 8


def test_the_folder_is_named_for_the_database(on_first: Path, wards: Wards) -> None:
    made = evaluate(on_first, wards.settings("SECOND"))
    assert made.folder.path.parent == on_first / "evaluations"
    assert "SECOND" in made.folder.path.name


def test_weights_that_stand_alone_know_their_database(on_first: Path, wards: Wards, tmp_path: Path) -> None:
    alone = Path(shutil.copy(on_first / "weights.safetensors", tmp_path / "alone.safetensors"))
    made = evaluate(alone, wards.settings("SECOND"), out=tmp_path / "out")
    assert made.sentence.startswith("No patient in common: these are other recordings")
    same = evaluate(alone, wards.settings("FIRST"), out=tmp_path / "same")
    assert same.sentence.startswith("No patient in common: none of the ")
    assert not same.overlap.elsewhere
    trained = evaluate(alone, wards.settings("FIRST"), subset="train", out=tmp_path / "trained")
    assert trained.overlap.patients == trained.overlap.of_patients


def test_a_package_of_ones_own_in_a_run_folder_is_imported_only_if_it_is_trusted(
    on_first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ECG_TRUST")
    with pytest.raises(EcgError, match=r"own_wards\.FIRST.*if you trust it, set ECG_TRUST=own_wards"):
        evaluate(on_first)


def test_records_that_are_not_there_are_named_with_what_to_do(on_first: Path, wards: Wards, tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"Put the records of second_ward into .*second_ward, or set data_dir="):
        evaluate(on_first, [*wards.settings("SECOND"), f"data_dir={tmp_path}"], out=tmp_path / "out")


def test_databases_whose_records_have_the_same_names_are_not_put_together(
    on_first: Path, wards: Wards, tmp_path: Path
) -> None:
    """Which of them trained could not be told, by any record of what trained."""
    both = [*wards.settings("FIRST"), "dataset.databases=[own_wards.FIRST,own_wards.SECOND]"]
    with pytest.raises(EcgError, match="first_ward and second_ward both have a record sim000"):
        evaluate(on_first, both, subset="all", out=tmp_path / "out")


def test_in_two_databases_together_only_the_one_that_trained_is_counted(
    on_first: Path, wards: Wards, tmp_path: Path
) -> None:
    third = wards.folder / "third_ward"
    write_arrhythmia(third, patients=3, minutes=0.5, seed=3)
    for path in sorted(third.iterdir()):
        if path.suffix == ".hea":
            path.write_text(path.read_text().replace(path.stem, f"other{path.stem}"))
        path.rename(path.with_name(path.name.replace("sim", "othersim")))
    both = [*wards.settings("FIRST"), "dataset.databases=[own_wards.FIRST,own_wards.THIRD]"]
    made = evaluate(on_first, both, subset="all", out=tmp_path / "out")
    letters = load_run(on_first).split["beats"]
    assert made.overlap.beats == sum(one.count("T") for one in letters.values())
    assert made.overlap.patients == len(load_run(on_first).split["patients"]["train"])
    assert (made.overlap.of_patients, made.overlap.at_most) == (11, False)
    assert made.overlap.loud
    assert "first_ward and third_ward are taken to share no patient" in made.folder.page.read_text()
