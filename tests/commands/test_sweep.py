"""The sweep over retrained layers, as a user types it: one job each, skipped, resumed, told at the end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from safetensors import safe_open

from .conftest import Shell, metrics, scores

MI = (
    "dataset=mi",
    "dataset.source=synthetic",
    "dataset.synthetic.patients=12",
    "dataset.synthetic.minutes=0.5",
    "dataset.batch_size=32",
    "trainer.max_epochs=2",
    "transfer.source_epochs=1",
    "bootstrap=20",
)
KS = "transfer.trainable_layers=1,2,3,4,5,6,7,8"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Shell, str]:
    """The whole sweep on simulated patients, and what it printed."""
    shell = Shell(tmp_path_factory.mktemp("swept"), cache)
    return shell, shell.train("-m", *MI, KS)


def jobs(shell: Shell) -> list[Path]:
    found = [folder for folder in shell.folders() if folder.parent.parent.name == "multirun"]
    return sorted(found, key=lambda folder: int(folder.name.partition("_")[0]))


def test_every_k_is_a_run_of_its_own(swept: tuple[Shell, str]) -> None:
    shell, _ = swept
    folders = jobs(shell)
    assert [folder.name for folder in folders] == [f"{k - 1}_mi-cnn-k{k}-seed0" for k in range(1, 9)]
    found = [metrics(folder) for folder in folders]
    assert [m["transfer/trainable_layers"] for m in found] == list(range(1, 9))
    trained = [m["params/trainable"] for m in found]
    assert trained == sorted(trained)
    assert trained[0] == 32 * 2 + 2
    assert trained[-1] == found[-1]["params/total"]
    assert [m["transfer/cached"] for m in found] == [True] * 7 + [False]
    assert {m["job_type"] for m in found} == {"transfer"}
    for m in found:
        assert m["simulated"] is True
        assert 0 <= m["subject/auroc"] <= 1
        assert m["time/fit_s"] > 0
        assert m["transfer/frozen"] + m["params/trainable"] == m["params/total"]
    assert all(len(list(folder.glob("wandb/offline-run-*"))) == 1 for folder in folders)


def test_the_source_is_trained_once_and_every_job_takes_its_layers(swept: tuple[Shell, str]) -> None:
    shell, said = swept
    (source,) = shell.outputs.glob("sources/*/weights.safetensors")
    assert said.count("training it in") == 1
    with safe_open(source, "pt") as stored:
        conv1 = stored.get_tensor("layers.conv1.0.weight")
    for folder in jobs(shell):
        origin = json.loads((folder / "transfer.json").read_text())
        assert origin["source"] == str(source.resolve())
        with safe_open(folder / "weights.safetensors", "pt") as stored:
            kept = bool((stored.get_tensor("layers.conv1.0.weight") == conv1).all())
        assert kept is ("k8" not in folder.name)


def test_a_job_of_the_sweep_equals_the_same_run_alone(swept: tuple[Shell, str], shell: Shell) -> None:
    there, _ = swept
    (source,) = there.outputs.glob("sources/*/weights.safetensors")
    shell.train(*MI, "transfer.trainable_layers=3", f"transfer.source={source}")
    (alone,) = shell.folders()
    job = next(folder for folder in jobs(there) if "k3" in folder.name)
    changing = {"transfer/features_stored"}
    assert {k: v for k, v in scores(alone).items() if k not in changing} == {
        k: v for k, v in scores(job).items() if k not in changing
    }


def test_the_same_sweep_again_skips_what_is_finished_and_resumes_what_broke(swept: tuple[Shell, str]) -> None:
    shell, _ = swept
    folders = jobs(shell)
    broken = folders[4]
    before = scores(broken)
    (broken / "metrics.json").unlink()
    untouched = {folder: (folder / "metrics.json").stat().st_mtime_ns for folder in folders if folder != broken}
    said = shell.train("-m", KS, *MI)  # the order of the settings does not matter
    assert jobs(shell) == folders
    assert said.count("is finished already") == 7
    assert f"going on with {broken.name}" in said
    assert scores(broken) == before | {"transfer/features_stored": True}
    assert pd.read_csv(broken / "history.csv")["epoch"].tolist() == [1, 2]
    assert {folder: (folder / "metrics.json").stat().st_mtime_ns for folder in untouched} == untouched


def test_a_sweep_ends_with_a_table_of_its_jobs(swept: tuple[Shell, str]) -> None:
    _, said = swept
    end = said[said.rindex("run folder:") :]
    for k in range(1, 9):
        assert f"k{k}" in end or f"trainable_layers={k}" in end
    assert re.search(r"^next: ecg compare \S+/multirun/\S+$", end, re.M)


def test_jobs_side_by_side_share_a_source_and_a_failure_is_told(shell: Shell) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    parallel = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "logger=none")
    said = shell.train("-m", *parallel, *MI, "transfer.trainable_layers=1,9,2", code=1)
    assert "transfer.trainable_layers=9: must be from 1 (the head alone) to 8 (all)" in said
    assert "Traceback" not in said
    done = [folder for folder in jobs(shell) if (folder / "metrics.json").exists()]
    assert sorted(metrics(folder)["transfer/trainable_layers"] for folder in done) == [1, 2]
    assert len(list(shell.outputs.glob("sources/*/metrics.json"))) == 1
    (failed,) = shell.outputs.glob("multirun/*/*/error.txt")
    assert "trainable_layers=9" in failed.read_text()
    rows = [line.split() for line in said.splitlines()]
    states = [(row[0], row[2]) for row in rows if len(row) > 2 and row[2] in ("finished", "failed")]
    assert states == [("0", "finished"), ("1", "failed"), ("2", "finished")]  # the table of jobs at the end


def test_a_source_that_does_not_fit_is_refused_before_anything_is_written(
    swept: tuple[Shell, str], shell: Shell
) -> None:
    there, _ = swept
    (source,) = there.outputs.glob("sources/arrhythmia*")
    k = "transfer.trainable_layers=2"
    said = shell.train(*MI, k, "model=kachuee", f"transfer.source={source}", code=1)
    assert "is a cnn, the new model is a kachuee; choose model=cnn" in said
    cut_off = shell.outputs / "cut.safetensors"
    cut_off.parent.mkdir(parents=True, exist_ok=True)
    cut_off.write_bytes((source / "weights.safetensors").read_bytes()[:1000])
    assert "cut off" in shell.train(*MI, k, f"transfer.source={cut_off}", code=1)
    assert "does not exist" in shell.train(*MI, k, "transfer.source=/no/such", code=1)
    assert shell.folders() == []


def test_equal_sweeps_at_once_share_their_jobs(shell: Shell) -> None:
    words = ("-m", *MI, "logger=none", "transfer.trainable_layers=1,2,3")
    processes = [shell.start("train.py", *words, f"output_dir={shell.outputs}") for _ in range(4)]
    said = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], said
    assert len(list(shell.outputs.glob("multirun/2*"))) == 1
    assert [metrics(folder)["transfer/trainable_layers"] for folder in jobs(shell)] == [1, 2, 3]
    for folder in jobs(shell):  # trained by one process, and left alone or waited for by the others
        assert sum(f"run folder: {folder}" in text.replace("\n", "") for text in said) == 1
    others = [text for text in said if "is being run by process" in text or "is finished already" in text]
    assert len(others) >= 3
    assert not any("Traceback" in text for text in said)


def test_a_sweep_of_other_code_is_not_taken_for_done(shell: Shell) -> None:
    words = ("-m", *MI, "logger=none", "trainer=debug", "transfer=random", "transfer.trainable_layers=1")
    shell.train(*words)
    (first,) = jobs(shell)
    mark = first.parent / "sweep.json"
    said = json.loads(mark.read_text())
    mark.write_text(json.dumps(said | {"git": {"commit": "0" * 40, "dirty": False}}))
    told = shell.train(*words)
    assert "holds the same sweep, but was made by commit 0000000000" in told
    assert len(jobs(shell)) == 2


def test_a_finished_job_of_other_recordings_is_refused_with_the_reason(shell: Shell) -> None:
    words = ("-m", *MI, "logger=none", "trainer=debug", "transfer=random", "transfer.trainable_layers=1")
    shell.train(*words)
    (job,) = jobs(shell)
    origin = job / "provenance.json"
    origin.write_text(json.dumps(json.loads(origin.read_text()) | {"data_fingerprint": "f" * 64}))
    told = shell.train(*words, code=1)
    assert "its recordings were others (fingerprint ffffffff, now" in told
    assert "rerun=true starts the sweep anew" in told
