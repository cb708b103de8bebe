"""What examples/ promises: one's own model, database, loss, metric and callback, from outside of the package."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ecg.recordings.databases.sample import FOLDER

EXAMPLES = Path(__file__).parents[1] / "examples"
TYPED = (
    "train --config-dir conf dataset=mine model=small loss=smooth metrics=gmean callbacks=[default,longest] "
    "data_dir=data logger=none trainer.max_epochs=1 monitor=val/gmean bootstrap=20 output_dir=outputs cache_dir=cache"
)


def shell(folder: Path, *typed: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "ECG_TRUST"}
    environment |= {"OMP_NUM_THREADS": "1", **more}
    command = [sys.executable, "-m", "ecg", *typed]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of examples/ somewhere else, with the recordings that ship with ecg as one's own database."""
    folder = tmp_path_factory.mktemp("own") / "work"
    shutil.copytree(EXAMPLES, folder)
    shutil.copytree(FOLDER, folder / "data" / "mine", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    done = shell(folder, *TYPED.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "G-mean" in done.stdout
    (made,) = (folder / "outputs").glob("*-small-seed0")
    return made


def test_each_own_part_did_its_work(run: Path) -> None:
    config, metrics = (run / "config.yaml").read_text(encoding="utf-8"), json.loads((run / "metrics.json").read_text())
    for named in ("my_model.small", "my_database.MINE", "my_loss.Smooth", "my_metric.geometric_mean"):
        assert named in config
    assert metrics["databases"] == ["mine"]
    assert 0 <= metrics["test/gmean"] <= 1
    low, high = metrics["intervals"]["test/gmean"]
    assert low <= high
    assert metrics["metrics"]["gmean"]["title"] == "G-mean"
    assert metrics["best/val/gmean"] >= 0
    columns = (run / "history.csv").read_text().splitlines()[0].split(",")
    assert {"val/gmean", "longest_epoch_s"} <= set(columns)


def test_compare_shows_the_own_metric_without_importing_it(run: Path, tmp_path: Path) -> None:
    done = shell(tmp_path, "compare", str(run), "--metric", "test/gmean", "--out", "compared")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "G-mean" in done.stdout


def test_own_parts_are_built_again_only_where_they_are_trusted(folder: Path, run: Path) -> None:
    typed = ("predict", "--sample", "--weights", str(run), "--out", "labels")
    refused = shell(folder, *typed)
    assert refused.returncode == 1
    assert "ECG_TRUST=my_model" in refused.stdout + refused.stderr
    done = shell(folder, *typed, ECG_TRUST="my_model")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "labels" / "233.csv").is_file()
