"""Finding run folders, and what state each is in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecg.compare import read_runs
from ecg.errors import EcgError

from .conftest import fake_failure, fake_run, fake_unfinished


def test_runs_are_found_at_any_depth_once_and_in_the_order_of_their_numbers(sweep: Path) -> None:
    fake_run(sweep / "3_nested" / "deeper" / "a", seed=7)
    found = [run.folder.relative_to(sweep).parts[0] for run in read_runs([sweep, sweep / "0_mi-cnn", sweep.parent])]
    assert found == sorted(found, key=lambda name: int(name.split("_")[0]))
    assert len(found) == len({run.folder for run in read_runs([sweep])})


def test_files_of_hydra_and_wandb_inside_a_run_are_no_runs(tmp_path: Path) -> None:
    fake_run(tmp_path / "sweep" / "0_a")
    assert len(read_runs([tmp_path])) == 1


def test_a_config_that_no_run_wrote_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("defaults:\n  - dataset: mi\nseed: 0\n")
    with pytest.raises(EcgError, match="holds no run"):
        read_runs([tmp_path])


def test_a_missing_folder_and_an_empty_one_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match="nowhere: no such folder"):
        read_runs([tmp_path / "nowhere"])
    with pytest.raises(EcgError, match=r"holds no run: a run folder has"):
        read_runs([tmp_path])


def test_states_and_reasons(tmp_path: Path) -> None:
    made = {
        "finished": fake_run(tmp_path / "0"),
        "failed": fake_failure(tmp_path / "1", "out of memory\nmore\n"),
        "unfinished": fake_unfinished(tmp_path / "2", epochs=3),
        "no result": fake_run(tmp_path / "3", metrics={"limit_batches": 2}),
    }
    runs = {run.folder: run for run in read_runs([tmp_path])}
    assert {state: runs[folder].state for state, folder in made.items()} == {state: state for state in made}
    reasons = {state: runs[folder].reason for state, folder in made.items()}
    assert reasons["failed"] == "out of memory"
    assert reasons["unfinished"] == "3 whole epochs, no results"
    assert "limit_batches=2" in reasons["no result"]
    assert reasons["finished"] == ""


def test_a_job_that_failed_before_its_first_file_is_there(tmp_path: Path) -> None:
    (tmp_path / "4_x" / ".hydra").mkdir(parents=True)
    (tmp_path / "4_x" / ".hydra" / "overrides.yaml").write_text("- transfer.trainable_layers=9\n")
    (tmp_path / "4_x" / "error.txt").write_text("k=9 of 8\n")
    (run,) = read_runs([tmp_path])
    assert (run.state, run.reason, run.overrides) == ("failed", "k=9 of 8", ("transfer.trainable_layers=9",))


@pytest.mark.parametrize("damage", ["{", "", '["a"]'])
def test_a_damaged_metrics_file_is_a_failed_run_that_names_it(tmp_path: Path, damage: str) -> None:
    fake_run(tmp_path / "0").joinpath("metrics.json").write_text(damage)
    fake_run(tmp_path / "1", seed=1)
    first, second = read_runs([tmp_path])
    assert first.state == "failed"
    assert "metrics.json" in first.reason
    assert second.state == "finished"


def test_results_with_an_error_after_them_count_and_say_so(tmp_path: Path) -> None:
    (fake_run(tmp_path / "0") / "error.txt").write_text("upload failed\n")
    (run,) = read_runs([tmp_path])
    assert run.counts
    assert "upload failed" in run.reason


def test_a_run_of_an_older_version_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "2026-11-23_05-13-40-279063_arrhythmia-cnn-seed0"
    folder.mkdir()
    (folder / "config.yaml").write_text("dataset: {name: arrhythmia, source: physionet}\nmodel: {name: cnn}\nseed: 4\n")
    old = {"dataset": "arrhythmia", "split": "kaggle", "seed": 4, "test/macro_f1": 0.9, "test/auroc": None}
    (folder / "metrics.json").write_text(json.dumps(old))
    (run,) = read_runs([tmp_path])
    assert (run.name, run.k, run.random, run.replicate) == ("arrhythmia-cnn-seed0", None, False, (4, 0, 0))
    assert run.value("test/macro_f1") == 0.9
    assert run.value("test/auroc") is None
