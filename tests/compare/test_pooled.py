"""Folds of a cross-validation put together: every patient once a repeat, and a damaged file is told in a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import StringIO
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from ecg.commands import cli
from ecg.compare.pooled import pooled_diagnoses, pooled_tables
from ecg.compare.settings import Group, group_runs
from ecg.data.people import Person
from ecg.errors import EcgError
from ecg.metrics.diagnosis import AGE, BESIDE, EXTERNAL, MODEL, TEST, TREES, PatientScores, patient_table
from ecg.report.diagnosis import Diagnosis
from ecg.runs.find import find_runs
from ecg.runs.run import load_run

from .conftest import fake_run

COUNT = 2
TESTED = [f"t{i:02d}" for i in range(40)]
OTHERS = [f"o{i:02d}" for i in range(9)]
ELSEWHERE = [f"x{i:02d}" for i in range(20)]
PEOPLE = {
    **{name: Person("ptb-xl", ("normal", "MI")[i % 2], 50.0 + i, "male") for i, name in enumerate(TESTED)},
    **{name: Person("ptb-xl", "other", 60.0, "female") for name in OTHERS},
    **{name: Person("ludb", ("normal", "MI")[i % 2], nan) for i, name in enumerate(ELSEWHERE)},
}
LABEL = {name: int(who.diagnosis == "MI") for name, who in PEOPLE.items() if who.diagnosis != "other"}


def patients_of(repeat: int, fold: int, *, better_by: float = 0.0) -> pd.DataFrame:
    """What one fold's model, trees and age say of its test patients, of those beside them, and elsewhere."""
    rng = np.random.default_rng([repeat, fold])
    order = np.random.default_rng([repeat, 99]).permutation(len(TESTED))
    own = sorted(TESTED[i] for place, i in enumerate(order) if place % COUNT == fold)
    scores = {name: rng.normal() + (1 + better_by) * LABEL.get(name, 0.5) for name in PEOPLE}
    scored = {
        MODEL: PatientScores(scores, 0.5 + better_by / 2),
        TREES: PatientScores({name: value + rng.normal() for name, value in scores.items()}, 0.5),
        AGE: PatientScores({name: who.age for name, who in PEOPLE.items()}, 70.0),
    }
    return patient_table({TEST: own, BESIDE: OTHERS, EXTERNAL: ELSEWHERE}, PEOPLE, LABEL, scored)


def fold_run(
    root: Path, repeat: int, fold: int, config: Mapping[str, Any] | None = None, *, seed: int = 0, better_by: float = 0
) -> Path:
    """A finished run of one fold, with its patients."""
    split = {"dataset.split": "folds", "dataset.folds.count": COUNT, "dataset.folds.index": fold}
    settings = {**split, "dataset.folds.repeat": repeat, **(config or {})}
    number = len(list(root.iterdir())) if root.is_dir() else 0
    folder = fake_run(root / f"{number}_mi", k=None, seed=seed, config=settings, metrics={"split": "folds"}, beats=40)
    patients_of(repeat + 10 * seed, fold, better_by=better_by).to_csv(folder / "patients.csv", float_format="%.6f")
    return folder


@pytest.fixture
def sweep(tmp_path: Path) -> Callable[..., Path]:
    """Makes a sweep of some repeats, without the folds that lack."""

    def make(repeats: int = 2, lacking: tuple[tuple[int, int], ...] = (), name: str = "sweep", **more: Any) -> Path:
        for repeat in range(repeats):
            for fold in range(COUNT):
                if (repeat, fold) not in lacking:
                    fold_run(tmp_path / name, repeat, fold, **more)
        return tmp_path / name

    return make


def group_of(root: Path) -> Group:
    (group,) = group_runs(find_runs([root]))
    return group


def pooled_of(root: Path, replicates: int = 20) -> tuple[list[Diagnosis], list[str]]:
    """What each setting is worth, and what was told."""
    problems: list[str] = []
    return [one for _, one in pooled_diagnoses(group_of(root), problems, replicates=replicates)], problems


def text_of(table: object) -> str:
    screen = StringIO()
    Console(file=screen, width=100).print(table)
    return screen.getvalue()


# values


def test_scores_are_means_over_repeats_with_every_patient_once_in_each(sweep: Callable[..., Path]) -> None:
    (found,), problems = pooled_of(sweep(3))
    assert problems == []
    areas = []
    for repeat in range(3):
        whole = pd.concat([patients_of(repeat, fold).query("part == 'test'") for fold in range(COUNT)])
        assert sorted(whole.index) == TESTED
        areas.append(roc_auc_score(whole["label"], whole[MODEL]))
    assert found.metrics["diagnosis/model/auroc"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert found.groups["own"].counts["MI"] == found.groups["own"].counts["normal"] == len(TESTED) // 2
    assert found.groups["own"].counts["other"] == len(OTHERS)
    assert found.classes == ("healthy", "MI")


def test_other_databases_are_means_over_every_run(sweep: Callable[..., Path]) -> None:
    (found,), _ = pooled_of(sweep(2))
    areas = []
    for repeat in range(2):
        for fold in range(COUNT):
            own = patients_of(repeat, fold).query("part == 'external'")
            areas.append(roc_auc_score(own["label"], own[MODEL]))
    assert found.metrics["diagnosis/ludb/model/auroc"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert "diagnosis/ludb/age_alone/auroc" not in found.metrics  # nobody there has an age
    assert found.groups["ludb"].counts["MI"] == len(ELSEWHERE) // 2


def test_runs_of_another_seed_are_another_repeat(tmp_path: Path) -> None:
    for seed in (0, 3):
        for fold in range(COUNT):
            fold_run(tmp_path / "sweep", 0, fold, seed=seed)
    (found,), problems = pooled_of(tmp_path / "sweep")
    assert problems == []
    assert "2 repeats of 2 folds" in found.notes[0]


def test_each_setting_has_a_table_of_its_own(sweep: Callable[..., Path]) -> None:
    sweep(1, config={"optimizer.lr": 0.1})
    root = sweep(1, config={"optimizer.lr": 0.2}, better_by=3.0)
    found, _ = pooled_of(root)
    first, second = (one.metrics["diagnosis/model/auroc"] for one in found)
    assert second > first + 0.05
    titles = [table.title for table in pooled_tables(root)]
    assert ["lr=0.1" in titles[0], "lr=0.2" in titles[1]] == [True, True]
    assert all(title.endswith(": 2 runs pooled") for title in titles)


# what is lacking


def test_a_repeat_without_all_folds_is_told_and_in_no_score(sweep: Callable[..., Path]) -> None:
    (found,), problems = pooled_of(sweep(3, lacking=((1, 0),)))
    (said,) = problems
    assert said.endswith(": 1 of 3 repeats lacks some of the 2 folds; they are in no pooled score")
    assert "2 repeats of 2 folds" in found.notes[0]
    (whole,), _ = pooled_of(sweep(1, name="first"))
    (both,), _ = pooled_of(sweep(3, lacking=((1, 0), (2, 1)), name="other"))
    assert both.metrics == pytest.approx(whole.metrics)


def test_several_repeats_without_all_folds_are_told_in_one_line(sweep: Callable[..., Path]) -> None:
    found, problems = pooled_of(sweep(2, lacking=((0, 0), (1, 1))))
    assert found == []
    (said,) = problems
    assert said.endswith(": 2 of 2 repeats lack some of the 2 folds; they are in no pooled score")


def test_runs_that_are_not_of_folds_are_pooled_in_no_table(tmp_path: Path) -> None:
    folder = fake_run(tmp_path / "sweep" / "0_mi", k=None)
    patients_of(0, 0).to_csv(folder / "patients.csv")
    assert pooled_of(tmp_path / "sweep") == ([], [])
    assert pooled_tables(tmp_path / "sweep") == []


def test_runs_of_folds_without_patients_are_left_alone(sweep: Callable[..., Path]) -> None:
    root = sweep(1)
    for path in root.glob("*/patients.csv"):
        path.unlink()
    assert pooled_of(root) == ([], [])


# what is damaged


HEAD = b"patient,part,database,diagnosis,label,age,sex,model,threshold_model"
DAMAGED = [
    b"",
    b"\x89PNG\r\n\x00\xff\xfe\x80",
    b"patient,part\nt00,test\n",
    HEAD + b"\nt00,test,ptb-xl,MI,one,60,male,0.5,0.1\n",
    HEAD + b"\nt00,test,ptb-xl,MI,1,60,male,high,0.1\n",
    HEAD + b"\nt00,test,ptb-xl,MI,1,\x1b[31mold,male,0.5,0.1\n",
    HEAD + b"\nt00,test,ptb-xl,MI,1,60,male,0.5,0.1\nt01,test,ptb-xl,MI,1,60,male,0.5,0.1,9,9\n",
]
NOT_TOLD: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {  # changes of a whole table
    "without a threshold": lambda table: table.drop(columns="threshold_model"),
    "cut off": lambda table: table.iloc[:-25],
    "nobody": lambda table: table.iloc[:0],
    "a patient twice": lambda table: pd.concat([table, table.iloc[:1]]),
}


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_told_in_one_line_that_names_it(sweep: Callable[..., Path], content: bytes) -> None:
    root = sweep(1)
    path = sorted(root.glob("*/patients.csv"))[0]
    path.write_bytes(content)
    found, problems = pooled_of(root)
    assert found == []
    (said,) = problems
    assert said.startswith(f"{path} is damaged: ")
    assert said.isprintable()
    with pytest.raises(EcgError) as told:
        _ = load_run(path.parent).patients
    assert str(told.value) == said


@pytest.mark.parametrize("change", NOT_TOLD)
def test_a_file_that_lacks_a_part_is_told_in_one_line_that_names_it(sweep: Callable[..., Path], change: str) -> None:
    root = sweep(2)
    path = sorted(root.glob("*/patients.csv"))[1]
    NOT_TOLD[change](pd.read_csv(path, index_col="patient")).to_csv(path)
    _, problems = pooled_of(root)
    (said,) = problems
    assert str(path) in said


def test_a_damaged_file_of_one_setting_leaves_the_other_alone(sweep: Callable[..., Path]) -> None:
    sweep(1, config={"optimizer.lr": 0.1})
    root = sweep(1, config={"optimizer.lr": 0.2})
    (root / "0_mi" / "patients.csv").write_bytes(b"x")
    found, problems = pooled_of(root)
    assert (len(found), len(problems)) == (1, 1)


# a run's own table


def test_patients_are_read_as_they_were_written(sweep: Callable[..., Path]) -> None:
    folder = sorted(sweep(1).iterdir())[0]
    found, written = load_run(folder).patients, patients_of(0, 0)
    pd.testing.assert_frame_equal(
        found, written, check_dtype=False, check_index_type=False, check_column_type=False, atol=1e-6
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", [{"age": nan}, {"sex": ""}, {"label": 1}, {"model": 2}])
def test_columns_that_are_empty_or_whole_numbers_are_numbers(
    sweep: Callable[..., Path], change: dict[str, Any]
) -> None:
    folder = sorted(sweep(1).iterdir())[0]
    patients_of(0, 0).assign(**change).to_csv(folder / "patients.csv")
    found = load_run(folder).patients
    assert {str(found[name].dtype) for name in ("label", "age", MODEL, "threshold_model")} == {"float64"}
    ((name, value),) = change.items()
    assert found[name].isna().all() if name == "age" else (found[name] == value).all()


def test_patients_with_numbers_for_names_stay_text(sweep: Callable[..., Path]) -> None:
    folder = sorted(sweep(1).iterdir())[0]
    table = patients_of(0, 0)
    table.index = pd.Index([f"{i:04d}" for i in range(len(table))], name="patient")
    table.to_csv(folder / "patients.csv")
    assert load_run(folder).patients.index[:2].tolist() == ["0000", "0001"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    folder = fake_run(tmp_path / "run")
    with pytest.raises(EcgError, match=r"patients\.csv is missing$"):
        _ = load_run(folder).patients


# on the screen and on paper


def test_the_terminal_shows_the_short_table_and_what_is_incomplete_below(sweep: Callable[..., Path]) -> None:
    root = sweep(2, lacking=((1, 1),))
    table, lacking = pooled_tables(root)
    said = " ".join(f"{text_of(table)} {text_of(lacking)}".split())
    assert "3 runs pooled" in said
    assert "1 repeat of 2 folds, every patient tested once in each" in said
    assert "1 of 2 repeats lacks some of the 2 folds; they are in no pooled score" in said
    assert "this model" in said
    assert "the patient's age alone" in said
    (found,), _ = pooled_of(root)
    assert f"{100 * found.metrics['diagnosis/model/auroc']:.2f}" in said


@pytest.fixture
def compared(sweep: Callable[..., Path]) -> tuple[Path, str]:
    """The folder that `ecg compare` wrote for a sweep with a repeat that is not whole, and what it said."""
    root = sweep(2, lacking=((1, 1),))
    result = CliRunner().invoke(cli, ["compare", str(root)], env={"COLUMNS": "100"}, catch_exceptions=False)
    assert result.exit_code == 0
    return root, result.output


def test_a_comparison_shows_the_pooled_table_everywhere(compared: tuple[Path, str]) -> None:
    root, said = compared
    (found,), _ = pooled_of(root, replicates=2000)
    text = (root / "compare" / "comparison.md").read_text()
    page = (root / "compare" / "index.html").read_text()
    assert "By patient, over all folds" in page
    assert "3 runs pooled" in page
    assert found.table.markdown in text
    for tail in ("model/auroc", "trees/auroc", "age_alone/auroc", "ludb/model/auroc"):
        key = f"diagnosis/{tail}"
        number = f"{100 * found.metrics[key]:.2f}"
        assert all(number in place for place in (text, page, said))
    for place in (text, page, said):
        flat = " ".join(place.split())
        assert "1 of 2 repeats lacks some of the 2 folds; they are in no pooled score." in flat
        assert "every patient tested once in each" in flat


def test_a_comparison_of_a_damaged_sweep_names_the_file_and_goes_on(sweep: Callable[..., Path]) -> None:
    root = sweep(1)
    path = root / "0_mi" / "patients.csv"
    path.write_bytes(DAMAGED[1])
    result = CliRunner().invoke(cli, ["compare", str(root)], env={"COLUMNS": "100"}, catch_exceptions=False)
    assert result.exit_code == 0
    assert "".join(f"{path} is damaged".split()) in "".join(result.output.split())
    assert "By patient, over all folds" not in (root / "compare" / "index.html").read_text()
