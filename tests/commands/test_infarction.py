"""A cross-validation of a diagnosis from the command line to its tables, and its weights on other recordings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from ecg.pipeline.diagnosis import THRESHOLD
from ecg.recordings.synthetic import write_mi

from .conftest import Shell, metrics

PATIENTS = 14
OTHERS = (0, 2)
LEADS = "dataset.leads=[I,II,V5]"
MI = (
    "dataset=mi",
    "dataset.segmentation=record",
    "model=waves",
    LEADS,
    "dataset.split=folds",
    "dataset.folds.count=2",
    "dataset.val_fraction=0",
    "dataset.batch_size=4",
    "trainer.max_epochs=1",
    "trainer.limit_val_batches=0",
    "logger=none",
    "bootstrap=40",
)
NUMBER = "What the number says"
QUICK = """
import sys
from ecg.commands.train import main
from ecg.metrics.diagnosis import scorers
from ecg.pipeline import report
scorers.N_TREES, report.run_figures, sys.argv[0] = 20, lambda *_, **__: {}, "train.py"
main()
"""
"""train.py with few trees and without figures, which take most of the time."""


def recordings(folder: Path, seed: int, first: int = 0) -> Path:
    """Healthy hearts, infarctions and two other diagnoses, with ages; those who are ill are older."""
    names = write_mi(folder / "made", patients=PATIENTS, seconds=6, seed=seed)
    for patient, name in enumerate(names):
        path, own = folder / "made" / f"{name}.hea", f"sim{first + patient:03d}"
        text = path.read_text().replace(path.stem, own)
        sick = "Myocardial infarction" in text
        text = text.replace("Myocardial infarction", "Cardiomyopathy") if patient in OTHERS else text
        there = folder / "ptbdb" / f"patient{first + patient:03d}"
        there.mkdir(parents=True)
        (there / f"{own}.hea").write_text(
            f"{text}# age: {50 + patient + 5 * sick}\n# sex: {'female' if patient % 2 else 'male'}\n"
        )
        path.with_suffix(".dat").rename(there / f"{own}.dat")
    return folder


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Shell, str]:
    """Two folds, and what the sweep printed."""
    home = tmp_path_factory.mktemp("swept")
    shell = Shell(home / "outputs", cache)
    data = recordings(home / "data", seed=2)
    where = (f"data_dir={data}", f"output_dir={shell.outputs}")
    return shell, shell.run("-c", QUICK, "-m", *MI, "dataset.folds.index=0,1", *where)


def tables(shell: Shell) -> list[pd.DataFrame]:
    return [pd.read_csv(folder / "patients.csv", index_col="patient") for folder in shell.folders()]


def scores(folder: Path) -> dict[str, Any]:
    return {key: value for key, value in metrics(folder).items() if key.startswith("diagnosis/")}


def test_two_folds_score_every_patient_once_and_those_beside_them_twice(swept: tuple[Shell, str]) -> None:
    shell, _ = swept
    first, second = tables(shell)
    own = [set(table.index[table["part"] == "test"]) for table in (first, second)]
    assert not own[0] & own[1]
    others = {f"patient{i:03d}" for i in OTHERS}
    assert own[0] | own[1] == {f"patient{i:03d}" for i in range(PATIENTS)} - others
    for table in (first, second):
        assert set(table.index[table["part"] == "beside"]) == others
        assert table[["model", "trees", "age_and_sex", "age_alone"]].notna().all(axis=None)
        assert set(table["threshold_model"]) == {0.0}  # without validation patients


def test_metrics_are_those_of_the_runs_own_table(swept: tuple[Shell, str]) -> None:
    shell, _ = swept
    for folder, table in zip(shell.folders(), tables(shell), strict=True):
        found, own = scores(folder), table[table["part"] == "test"]
        for scorer in ("model", "trees", "age_and_sex", "age_alone"):
            area = roc_auc_score(own["label"], own[scorer])
            assert found[f"diagnosis/{scorer}/auroc"] == pytest.approx(area)
        gap = found["diagnosis/model/auroc"] - found["diagnosis/age_alone/auroc"]
        assert found["diagnosis/age_alone/model_better_by"] == pytest.approx(gap)
        assert found[THRESHOLD] == 0
        assert found["diagnosis/model/auroc"] == pytest.approx(metrics(folder)["subject/auroc"])


def test_every_run_has_a_page_that_says_what_its_number_is_worth(swept: tuple[Shell, str]) -> None:
    shell, said = swept
    for folder in shell.folders():
        page, summary = (folder / "report" / "index.html").read_text(), (folder / "report" / "results.md").read_text()
        number = f"{100 * scores(folder)['diagnosis/model/auroc']:.2f}"
        for text in (page, summary):
            assert "trees on waves" in text
            assert "age alone" in text
            assert number in text
        assert NUMBER in page
        assert "beside them 2 of other diagnoses" in page
        assert number in said


def test_the_sweep_ends_with_the_table_over_both_folds(swept: tuple[Shell, str]) -> None:
    shell, said = swept
    end = " ".join(said[said.rindex("run folder:") :].split())
    assert "2 runs pooled" in end
    assert "1 repeat of 2 folds, every patient tested once in each" in end
    whole = pd.concat([table[table["part"] == "test"] for table in tables(shell)])
    pooled = end[end.index("2 runs pooled") :]
    for scorer in ("model", "trees", "age_alone"):
        assert f"{100 * roc_auc_score(whole['label'], whole[scorer]):.2f}" in pooled
    assert "the patient's age alone" in pooled
    assert "lack" not in pooled
    assert "Traceback" not in said


def test_the_weights_are_tested_on_another_folder_beside_age(
    swept: tuple[Shell, str], command: Callable[..., str], tmp_path: Path
) -> None:
    shell, _ = swept
    folder = shell.folders()[0]
    other, out = recordings(tmp_path / "other", seed=5, first=100), tmp_path / "out"
    words = [f"data_dir={other}", f"cache_dir={tmp_path / 'cache'}"]
    said = " ".join(command("evaluate", folder, *words, "--subset", "all", "--out", out).split())
    found = pd.read_csv(out / "patients.csv", index_col="patient")
    own = found[found["part"] == "test"]
    assert (len(own), len(found)) == (PATIENTS - len(OTHERS), PATIENTS)
    assert not {"trees", "age_and_sex"} & set(found)
    for scorer in ("model", "age_alone"):
        area = roc_auc_score(own["label"], own[scorer])
        assert scores(out)[f"diagnosis/{scorer}/auroc"] == pytest.approx(area)
        assert f"{100 * area:.2f}" in said
    assert "this model" in said
    assert "age alone" in said
    assert NUMBER in (out / "report" / "index.html").read_text()
    assert set(found["threshold_model"]) == {0.0}


def test_the_runs_own_test_patients_have_the_same_scores_when_they_are_tested_again(
    swept: tuple[Shell, str], command: Callable[..., str], tmp_path: Path
) -> None:
    shell, _ = swept
    folder = shell.folders()[0]
    command("evaluate", folder, "--out", tmp_path / "out")
    again, first = pd.read_csv(tmp_path / "out" / "patients.csv", index_col="patient"), tables(shell)[0]
    pd.testing.assert_series_equal(again["model"], first["model"], atol=1e-4)
    assert scores(tmp_path / "out")["diagnosis/model/auroc"] == scores(folder)["diagnosis/model/auroc"]


def test_a_comparison_of_the_sweep_shows_the_same_table(
    swept: tuple[Shell, str], command: Callable[..., str], tmp_path: Path
) -> None:
    shell, _ = swept
    (root,) = {folder.parent for folder in shell.folders()}
    shutil.copytree(root, tmp_path / "sweep")
    said = command("compare", tmp_path / "sweep")
    page = (tmp_path / "sweep" / "compare" / "index.html").read_text()
    whole = pd.concat([table[table["part"] == "test"] for table in tables(shell)])
    number = f"{100 * roc_auc_score(whole['label'], whole['model']):.2f}"
    for text in (said, page, (tmp_path / "sweep" / "compare" / "comparison.md").read_text()):
        assert "2 runs pooled" in text
        assert number in text


def test_the_settings_of_a_run_can_be_read_again(swept: tuple[Shell, str]) -> None:
    shell, _ = swept
    content = json.loads((shell.folders()[1] / "metrics.json").read_text())
    assert content["simulated"] is False
    assert content["databases"] == ["ptbdb"]
    assert any(note.startswith("Tested on fold 1 of 0 to 1") for note in content["notes"])
