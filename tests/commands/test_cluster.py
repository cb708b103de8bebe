"""Jobs of a cluster, as processes of this machine: submitit runs and requeues them as it does with Slurm."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pandas as pd
import pytest

from .conftest import SMALL, Shell, metrics
from .test_sweep import MI

pytest.importorskip("submitit")
LOCAL = ("-m", "hydra/launcher=submitit_local", "logger=none")


def pid_of(shell: Shell) -> int | None:
    """The process of the one job whose submission lies below the shell's outputs."""
    words = ["pgrep", "-f", f"submitit.core._submit.*{shell.outputs}"]
    found = subprocess.run(words, check=False, capture_output=True, text=True)
    return int(found.stdout.split()[-1]) if found.stdout.split() else None


@pytest.mark.slow
def test_a_job_that_is_interrupted_comes_back_and_goes_on_from_its_last_epoch(shell: Shell) -> None:
    words = (*LOCAL, *SMALL, "trainer.max_epochs=4", "seed=3", f"output_dir={shell.outputs}")
    sweep = shell.start("train.py", *words)
    deadline = time.monotonic() + 200
    kept = []
    while not kept and time.monotonic() < deadline:
        time.sleep(0.05)
        kept = list(shell.outputs.glob("multirun/*/0_*/checkpoints/last.ckpt"))
    job = pid_of(shell)
    assert job is not None
    subprocess.run(["kill", f"-{signal.SIGUSR2.value}", str(job)], check=True)  # what Slurm sends before a time limit
    said, _ = sweep.communicate(timeout=240)
    assert sweep.returncode == 0, said
    (folder,) = shell.folders()
    assert list(pd.read_csv(folder / "history.csv")["epoch"]) == [1, 2, 3, 4]
    assert "test/macro_f1" in metrics(folder)
    logs = "".join(path.read_text() for path in shell.outputs.rglob("*_log.*"))
    assert "Requeued job" in logs
    assert "resuming after epoch" in logs


@pytest.mark.slow
def test_the_jobs_of_an_array_train_their_source_once(shell: Shell) -> None:
    said = shell.train(*LOCAL, *MI, "transfer.trainable_layers=1,2")
    folders = [one for one in shell.folders() if one.parent.parent.name == "multirun"]
    assert [one.name for one in folders] == ["0_mi-cnn-k1-seed0", "1_mi-cnn-k2-seed0"]
    assert len({json.loads((one / "transfer.json").read_text())["source"] for one in folders}) == 1
    assert len([one for one in shell.folders() if one.parent.name == "sources"]) == 1
    assert "finished" in said


def test_slurm_on_a_machine_without_it_is_refused_in_a_line(shell: Shell) -> None:
    said = shell.train("-m", "hydra/launcher=slurm", *SMALL, "seed=0,1", code=1)
    assert "error: hydra/launcher=slurm: there is no Slurm here" in said
    assert said.count("error") == 1
    assert "Traceback" not in said
    assert not list(shell.outputs.glob("multirun/*/"))


@pytest.mark.slow
def test_a_task_of_ray_whose_process_vanishes_is_started_again_and_goes_on_from_its_last_epoch(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # else its processes wait for the tests beside them
    words = ("-m", "hydra/launcher=ray", "hydra.launcher.remote.num_cpus=1", "hydra.launcher.init.num_cpus=2")
    longer = ("trainer.max_epochs=5", "logger=none", "seed=0,1", f"output_dir={shell.outputs}")
    sweep = shell.start("train.py", *words, *SMALL, *longer)
    kept, deadline = None, time.monotonic() + 200
    while kept is None and time.monotonic() < deadline:
        time.sleep(0.05)
        kept = next(shell.outputs.glob("multirun/*/*_arrhythmia-cnn-seed1/checkpoints/last.ckpt"), None)
    assert kept is not None
    holder = json.loads((kept.parents[1] / ".running.json").read_text())
    subprocess.run(["kill", "-9", str(holder["pid"])], check=True)
    said, _ = sweep.communicate(timeout=240)
    assert sweep.returncode == 0, said
    assert "resuming after epoch" in said
    for folder in shell.folders():
        assert list(pd.read_csv(folder / "history.csv")["epoch"]) == [1, 2, 3, 4, 5]
        assert "test/macro_f1" in metrics(folder)


def test_ray_that_is_not_there_is_said_in_a_line(shell: Shell) -> None:
    ray = pytest.importorskip("ray")
    where = "hydra.launcher.init.address=127.0.0.1:9"
    said = shell.train("-m", "hydra/launcher=ray", where, *SMALL, "seed=0,1", code=1)
    assert "error: hydra/launcher=ray: no Ray at 127.0.0.1:9: " in said
    assert "Traceback" not in said
    assert not list(shell.outputs.glob("multirun/*/*/"))
    assert not ray.is_initialized()
