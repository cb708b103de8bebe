from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image
from safetensors import safe_open

from .conftest import SMALL, Shell, metrics, scores

FILES = (
    "config.yaml",
    "provenance.json",
    "split.json",
    "metrics.json",
    "history.csv",
    "predictions.csv",
    "records.csv",
    "weights.safetensors",
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
    "report/results.md",
    "report/learning_curves.png",
    "report/confusion.png",
    "report/reliability.png",
    "report/beats.png",
    "report/strip.png",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, str]:
    """A small run and what it printed."""
    shell = Shell(tmp_path_factory.mktemp("finished"), cache)
    said = shell.train(*SMALL, "seed=1")
    (folder,) = shell.folders()
    return folder, said


def test_a_run_leaves_a_folder_that_explains_itself(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    missing = [name for name in FILES if not (folder / name).is_file()]
    assert not missing
    assert not list(folder.rglob("*.tmp"))
    found = metrics(folder)
    assert found["split"] == "patients"
    assert found["simulated"] is True
    assert found["params/total"] == 5_125_125
    for name in "NSVFQ":
        assert 0 <= found[f"test/{name}/se"] <= 1
    origin = json.loads((folder / "provenance.json").read_text())
    assert origin["seed"] == 1
    assert len(origin["data_fingerprint"]) == 64
    assert origin["versions"]["torch"]


def test_a_run_ends_with_its_table_its_folder_and_the_way_to_wandb(finished: tuple[Path, str]) -> None:
    folder, said = finished
    assert "SIMULATED" in said
    assert "macro-F1" in said
    assert str(folder) in said.replace("\n", "")
    assert "wandb leet" in said
    assert "wandb sync" in said


def test_predictions_agree_with_metrics_and_split(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    table = pd.read_csv(folder / "predictions.csv")
    assert (table["label"] == table["predicted"]).mean() == pytest.approx(metrics(folder)["test/accuracy"])
    assert table[[f"p_{name}" for name in "NSVFQ"]].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    split = json.loads((folder / "split.json").read_text())
    assert set(table["patient"]) == set(split["patients"]["test"])
    assert not set(split["patients"]["test"]) & set(split["patients"]["train"])
    assert sum(letters.count("E") for letters in split["beats"].values()) == len(table)


def test_weights_carry_what_is_needed_to_use_them(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    with safe_open(folder / "weights.safetensors", "pt") as stored:
        metadata = stored.metadata()
        assert sum(stored.get_tensor(name).numel() for name in stored.keys() if "running" not in name) > 5_125_125 - 1  # noqa: SIM118
    data = json.loads(metadata["data"])
    assert data["classes"] == ["N", "S", "V", "F", "Q"]
    assert (data["segmentation"], data["fs"], data["simulated"]) == ("kaggle", 120.0, True)
    assert json.loads(metadata["model"]) == {"name": "cnn", "dropout": 0.3}


def test_figures_say_that_the_recordings_are_simulated(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    figures = list((folder / "report").glob("*.png"))
    assert len(figures) >= 5
    for path in figures:
        with Image.open(path) as image:
            assert image.info["Title"].startswith("SIMULATED")


def test_the_same_seed_gives_the_same_result_alone_and_as_a_job_of_a_sweep(
    finished: tuple[Path, str], shell: Shell
) -> None:
    alone, _ = finished
    shell.train("-m", *SMALL, "seed=0,1")
    first, second = shell.folders()
    assert scores(second) == scores(alone)
    assert scores(first) != scores(second)
    ids = {json.loads((folder / "provenance.json").read_text())["wandb_id"] for folder in (first, second)}
    assert len(ids) == 2
    for folder in (first, second):
        assert len(list(folder.glob("wandb/offline-run-*"))) == 1


def test_a_failing_job_is_told_and_does_not_stop_the_others(shell: Shell) -> None:
    said = shell.train("-m", *SMALL, "trainer=debug", "logger=none", "model.dropout=2,0.1", code=1)
    (folder,) = shell.folders()
    assert metrics(folder)["limit_batches"] == 2
    assert "model.dropout=2: must be from 0 to 1" in said
    assert "Traceback" not in said


def test_a_run_killed_within_an_epoch_resumes_to_the_same_result(shell: Shell) -> None:
    long = (*SMALL, "trainer.max_epochs=4", "model=kachuee")
    shell.train(*long)
    (whole,) = shell.folders()
    process = shell.start("train.py", f"output_dir={shell.outputs}/killed", *long)
    deadline = time.monotonic() + 120
    while not list(shell.outputs.glob("killed/*/checkpoints/last.ckpt")):
        assert time.monotonic() < deadline, "no epoch was finished"
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = next(folder for folder in shell.folders() if folder != whole)
    assert not (killed / "metrics.json").exists()
    before = json.loads((killed / "provenance.json").read_text())["wandb_id"]
    said = shell.run("train.py", f"resume={killed}")
    assert "resuming after epoch" in said
    assert scores(killed) == scores(whole)
    assert json.loads((killed / "provenance.json").read_text())["wandb_id"] == before
    kept = [path.name for path in killed.glob("wandb/offline-run-*")]
    assert kept
    assert all(before in name for name in kept)
    history = pd.read_csv(killed / "history.csv")
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    pd.testing.assert_frame_equal(
        history.drop(columns="seconds"), pd.read_csv(whole / "history.csv").drop(columns="seconds"), rtol=1e-4
    )
    again = shell.run("train.py", f"resume={killed}", code=1)
    assert "finished" in again


def test_a_run_that_lives_is_not_gone_on_with_by_a_second_process(shell: Shell) -> None:
    process = shell.start("train.py", f"output_dir={shell.outputs}", *SMALL, "trainer.max_epochs=400", "logger=none")
    try:
        deadline = time.monotonic() + 120
        while not list(shell.outputs.glob("*/history.csv")):
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        (folder,) = shell.folders()
        said = shell.run("train.py", f"resume={folder}", code=1)
        assert f"is being run by process {process.pid} on " in said
        assert "Traceback" not in said
    finally:
        process.kill()
        process.communicate()


def test_a_run_ends_well_where_the_terminal_knows_ascii_alone(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    said = shell.train(*SMALL, "trainer=debug", "logger=none", "model=kachuee")
    assert "j? index" in said  # the table's kappa
    (folder,) = shell.folders()
    assert "κ" in (folder / "report" / "index.html").read_text(encoding="utf-8")
    assert "written: " in shell.run("-m", "ecg", "compare", str(folder), "--out", str(tmp_path / "compare"))


def test_ctrl_c_ends_with_the_way_to_go_on(shell: Shell) -> None:
    process = shell.start("train.py", f"output_dir={shell.outputs}", *SMALL, "trainer.max_epochs=400", "logger=none")
    deadline = time.monotonic() + 120
    while not list(shell.outputs.glob("*/checkpoints/last.ckpt")):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (folder,) = shell.folders()
    assert f"stopped; to go on from the last epoch: python train.py resume={folder}" in said
    assert "Traceback" not in said


def test_a_run_that_kept_no_epoch_says_that_it_begins_again(shell: Shell) -> None:
    shell.train(*SMALL, "logger=none", "model=kachuee")
    (folder,) = shell.folders()
    wanted = scores(folder)
    for path in [folder / "metrics.json", folder / "history.csv", *(folder / "checkpoints").iterdir()]:
        path.unlink()
    said = shell.run("train.py", f"resume={folder}")
    assert "has no checkpoint: no epoch was kept, so it begins again from its first" in said.replace("\n", " ")
    assert scores(folder) == wanted


def test_lightnings_own_settings_and_several_loggers(shell: Shell) -> None:
    given = ("trainer.max_epochs=1", "+trainer.val_check_interval=0.5", "trainer.gradient_clip_val=1")
    said = shell.train(*SMALL, *given, "logger=[wandb,tensorboard,csv]", "dataset.batch_size=32")
    (folder,) = shell.folders()
    assert list(folder.glob("wandb/offline-run-*"))
    assert list(folder.glob("tensorboard/events*"))
    logged = pd.read_csv(folder / "csv" / "metrics.csv")
    assert logged["val/loss"].notna().sum() == 2  # two validations in the one epoch
    assert "also logged to: TensorBoard, CSV" in said
    assert not json.loads((folder / "provenance.json").read_text())["wandb"].get("WANDB_PROJECT")


def test_two_processes_share_a_training(shell: Shell) -> None:
    said = shell.train(*SMALL, "trainer=ddp", "trainer.accelerator=cpu", "trainer.max_epochs=1", "logger=none")
    (folder,) = shell.folders()
    history = pd.read_csv(folder / "history.csv")
    beats = sum(json.loads((folder / "split.json").read_text())["counts"]["train"].values())
    assert history["step"].tolist() == [-(-beats // 2) // 64]  # each process took half of the batches
    assert beats // 64 > -(-beats // 2) // 64
    assert "Traceback" not in said
    refused = shell.train("-m", *SMALL, "trainer=ddp", "trainer.accelerator=cpu", "seed=0,1", code=1)
    assert "trainer.devices=2: a sweep (-m) trains on one device" in refused
