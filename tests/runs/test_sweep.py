"""A sweep is known by its settings and code; its jobs are new, to be resumed, or finished."""

from __future__ import annotations

import json
import logging
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import hydra
import pytest
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from ecg.config import RunConfig, compose
from ecg.errors import EcgError
from ecg.runs import sweep
from ecg.runs.folder import RunFolder, read_json, write_json
from ecg.runs.job import Job
from ecg.runs.provenance import code_state
from ecg.runs.reading import save_config

New = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def _no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sweep.VARIABLE, "")  # so that what a test sets is undone
    monkeypatch.delenv(sweep.VARIABLE)
    monkeypatch.setattr(sweep.SweepFolder, "last", None)
    monkeypatch.setattr(sweep.SweepFolder, "skipped", set())
    monkeypatch.setattr(sweep, "_FINGERPRINTS", {})


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.delenv(sweep.VARIABLE, raising=False)
    monkeypatch.setattr("sys.argv", ["train.py", *words])


def begun(outputs: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Path:
    """The folder of a sweep that is typed."""
    typed(monkeypatch, *words)
    return Path(sweep.sweep_folder(str(outputs), "rerun=true" in words))


@cache
def composed() -> RunConfig:
    """Of real recordings that are nowhere: nothing is simulated, and nothing is there to be compared."""
    return compose.compose("logger=none", "model=kachuee", "data_dir=/nowhere")


def config(seed: int = 0, **changed: Any) -> RunConfig:
    return replace(composed(), seed=seed, **changed)


def other(folder: Path, **changed: object) -> None:
    """Put values over those of a JSON file."""
    folder.write_text(json.dumps(json.loads(folder.read_text()) | changed))


def begun_job(root: Path, made_with: RunConfig | None = None, **provenance: object) -> Job:
    """A job whose run has begun with the code of now."""
    job = Job(root / "0_x", sweep=root)
    save_config(made_with or config(), RunFolder(job.folder).config)
    write_json(RunFolder(job.folder).provenance, {**code_state(), "data_fingerprint": "f" * 64, **provenance})
    return job


def finish(job: Job, **metrics: object) -> None:
    write_json(RunFolder(job.folder).metrics, {"best/val/macro_f1": 0.5, **metrics})


def test_the_same_settings_lead_to_the_same_folder_however_they_are_launched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begun(tmp_path, monkeypatch, "-m", "seed=0,1", "model=cnn")
    for words in (
        ("model=cnn", "--multirun", "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        ("-m", "model=cnn", "seed=0,1", "threads=2"),
        ("seed=0,1", "model=cnn", "-m", "rerun=false"),
    ):
        assert begun(tmp_path, monkeypatch, *words) == first
    for words in (
        ("-m", "seed=0,1,2", "model=cnn"),
        ("-m", "seed=0,1"),
        ("-m", "seed=0,1", "model=cnn", "monitor=val/loss"),
    ):
        assert begun(tmp_path, monkeypatch, *words) != first
    again = begun(tmp_path, monkeypatch, "-m", "seed=0,1", "model=cnn", "rerun=true")
    assert again != first
    assert begun(tmp_path, monkeypatch, "-m", "seed=0,1", "model=cnn") == again  # the newest of several


def test_the_mark_says_what_was_typed_and_for_which_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = begun(tmp_path, monkeypatch, "-m", "seed=0,1", "model=cnn", "hydra.launcher.n_jobs=2")
    assert folder.parent == tmp_path / "multirun"
    said = read_json(folder / sweep.MARK)
    assert said["settings"] == ["model=cnn", "seed=0,1"]
    assert {key: said[key] for key in ("ecg", "git", "code")} == code_state()


@pytest.mark.parametrize("word", ["--cfg", "-c", "--info", "--help", "--hydra-help"])
def test_a_sweep_that_is_only_shown_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    begun(tmp_path / "outputs", monkeypatch, "-m", "seed=0,1", word)
    assert list(tmp_path.iterdir()) == []


def test_worker_processes_are_told_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = begun(tmp_path, monkeypatch, "-m", "seed=0,1")
    monkeypatch.setattr("sys.argv", ["loky"])
    assert sweep.sweep_folder(str(tmp_path), False) == str(folder)
    assert sweep.sweep_folder(str(tmp_path), True) == str(folder)


AT_ONCE = """
import sys, time
from pathlib import Path
from ecg.runs import sweep
from ecg.runs.provenance import code_state
code_state()
here, name = Path(sys.argv[1]), sys.argv[2]
sys.argv = ["train.py", "-m", "seed=0,1"]
(here / f"ready-{name}").touch()
while not (here / "go").exists():
    time.sleep(0.001)
print(sweep.sweep_folder(str(here / "outputs"), False))
"""


def test_processes_that_start_the_same_sweep_at_once_get_one_folder(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != sweep.VARIABLE}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", AT_ONCE, str(tmp_path), str(number)],
            text=True,
            stdout=subprocess.PIPE,
            env=environment,
        )
        for number in range(4)
    ]
    end = time.monotonic() + 120
    while len(list(tmp_path.glob("ready-*"))) < 4:
        assert time.monotonic() < end
        time.sleep(0.01)
    (tmp_path / "go").touch()
    folders = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    (folder,) = folders
    assert [path.parent for path in (tmp_path / "outputs" / "multirun").glob(f"*/{sweep.MARK}")] == [Path(folder)]


@pytest.mark.parametrize(
    ("words", "layers"),
    [
        (["transfer.trainable_layers=1,2,8"], (1, 2, 8)),
        (["transfer.trainable_layers=range(1,4)", "seed=0,1"], (1, 2, 3)),
        (["transfer.trainable_layers=3", "seed=0,1"], (3,)),
        (["transfer.trainable_layers=null,2"], (2,)),
        (["experiment=layer_sweep"], tuple(range(1, 9))),
        (["experiment=layer_sweep", "transfer.trainable_layers=2,4"], (2, 4)),
        (["seed=0,1"], ()),
    ],
)
def test_the_jobs_of_a_sweep_know_its_numbers_of_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], layers: tuple[int, ...]
) -> None:
    typed(monkeypatch, "-m", *words)
    compose.register()
    sweep.register()
    with initialize_config_dir(str(compose.conf_folder()), version_base="1.3"):
        experiment = [word for word in words if word.startswith("experiment=")]
        made = hydra.compose("config", [*experiment, f"output_dir={tmp_path}"], return_hydra_config=True)
    made.hydra.overrides.task = words  # as Hydra tells its callbacks; composing alone refuses several values
    sweep.SweepFolder().on_multirun_start(made)
    assert sweep.SweepFolder.last == Path(made.hydra.sweep.dir)
    taken, _ = sweep.take_up(config(), Job(tmp_path / "0_x", sweep=tmp_path))
    assert taken.layers == layers


def test_a_folder_of_ones_own_is_no_sweep_to_go_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "-m", "transfer.trainable_layers=1,2", f"hydra.sweep.dir={tmp_path}")
    hydra_part = {"sweep": {"dir": str(tmp_path)}, "sweeper": {"params": None}}
    hydra_part["overrides"] = {"task": ["transfer.trainable_layers=1,2"]}
    sweep.SweepFolder().on_multirun_start(OmegaConf.create({"hydra": hydra_part}))
    taken, _ = sweep.take_up(config(), Job(tmp_path / "0_x", sweep=tmp_path))
    assert taken.layers == (1, 2)
    assert not (tmp_path / sweep.MARK).exists()


@pytest.mark.parametrize("content", [b"{", b"", b"[1]", b"\x89PNG\xff", b'{"settings": 3}', b"[" * 10_000])
def test_a_damaged_mark_belongs_to_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    first = begun(tmp_path, monkeypatch, "-m", "seed=0,1")
    (first / sweep.MARK).write_bytes(content)
    second = begun(tmp_path, monkeypatch, "-m", "seed=0,1")
    assert second != first
    assert begun(tmp_path, monkeypatch, "-m", "seed=0,1") == second


OTHER_CODE = {
    "another commit": ({"git": {"commit": "a" * 40, "dirty": False}}, "made by commit aaaaaaaaaa, now it is "),
    "changed since": ({"code": "0" * 16}, "made by other code of the same commit|made by another version of ecg"),
    "no note of it": ({"git": None, "code": None}, "made by "),
}


@pytest.mark.parametrize(("made", "why"), OTHER_CODE.values(), ids=OTHER_CODE)
def test_a_sweep_of_other_code_is_left_as_it_is_and_it_is_said_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, made: dict[str, Any], why: str
) -> None:
    first = begun(tmp_path, monkeypatch, "-m", "seed=0,1")
    other(first / sweep.MARK, **made)
    kept = (first / sweep.MARK).read_text()
    with caplog.at_level(logging.WARNING):
        second = begun(tmp_path, monkeypatch, "-m", "seed=0,1")
    assert second != first
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{first} holds the same sweep, but was ")
    assert any(part in said for part in why.split("|"))
    assert said.endswith(": a new one is started")
    assert (first / sweep.MARK).read_text() == kept
    assert begun(tmp_path, monkeypatch, "-m", "seed=0,1") == second


def test_a_job_is_new_or_resumed_or_finished(tmp_path: Path) -> None:
    job = Job(tmp_path / "0_x", ("seed=0", "model=cnn"), sweep=tmp_path)
    job.folder.mkdir()
    sweep.failed(job, "no room")
    assert (job.folder / "error.txt").read_text() == "no room\nseed=0 model=cnn\n"
    assert sweep.take_up(config(), job) == (job, None)
    assert not (job.folder / "error.txt").exists()
    begun_job(tmp_path)
    taken, value = sweep.take_up(config(), job)
    assert (taken.resume, value) == (True, None)
    assert sweep.SweepFolder.skipped == set()
    finish(job)
    taken, value = sweep.take_up(config(), job)
    assert (taken.resume, value) == (False, 0.5)
    assert sweep.SweepFolder.skipped == {job.folder.name}


def test_the_value_of_a_finished_job_is_that_of_its_monitor(tmp_path: Path) -> None:
    made = config(monitor="val/loss")
    job = begun_job(tmp_path, made)
    finish(job, **{"best/val/loss": 0.25})
    assert sweep.take_up(made, job)[1] == 0.25
    finish(job, **{"best/val/loss": None})
    value = sweep.take_up(made, job)[1]
    assert value is not None
    assert math.isnan(value)


def test_a_job_with_other_settings_is_not_overwritten(tmp_path: Path) -> None:
    job = begun_job(tmp_path)
    with pytest.raises(EcgError, match=rf"{job.folder} is not taken .* other settings \(seed\); rerun=true"):
        sweep.take_up(config(seed=3), job)
    changed = config(seed=3, bootstrap=5, model={**config().model, "_target_": "ecg.models.cnn", "dropout": 0.3})
    with pytest.raises(EcgError, match=r"other settings \(model, seed, bootstrap\); rerun=true"):
        sweep.take_up(changed, job)
    taken, _ = sweep.take_up(config(threads=2, rerun=True), job)  # which change no result
    assert taken.resume


@pytest.mark.parametrize("done", [True, False], ids=["finished", "broken off"])
@pytest.mark.parametrize(("made", "why"), OTHER_CODE.values(), ids=OTHER_CODE)
def test_a_job_of_other_code_is_not_taken_for_done_nor_gone_on_with(
    tmp_path: Path, made: dict[str, Any], why: str, done: bool
) -> None:
    job = begun_job(tmp_path, **made)
    if done:
        finish(job)
    with pytest.raises(EcgError, match=rf"{job.folder} is not taken for this job: it was ({why}).*; rerun=true"):
        sweep.take_up(config(), job)
    assert sweep.SweepFolder.skipped == set()


@pytest.mark.parametrize("content", [b"[1]", b"{", b"\x89PNG\xff"])
def test_a_job_with_damaged_provenance_is_not_taken_for_done(tmp_path: Path, content: bytes) -> None:
    job = begun_job(tmp_path)
    finish(job)
    RunFolder(job.folder).provenance.write_bytes(content)
    with pytest.raises(EcgError, match=r"provenance\.json is damaged"):
        sweep.take_up(config(), job)


def test_a_job_of_other_recordings_is_not_taken_for_done(tmp_path: Path) -> None:
    small = ("dataset.source=synthetic", "dataset.synthetic.patients=3", "dataset.synthetic.minutes=0.5")
    made = compose.compose("logger=none", "model=kachuee", f"cache_dir={tmp_path / 'cache'}", *small)
    job = begun_job(tmp_path / "sweep", made)
    finish(job)
    with pytest.raises(
        EcgError, match=r"its recordings were others \(fingerprint ffffffff, now [0-9a-f]{8}\); rerun=true"
    ):
        sweep.take_up(made, job)
    data = made.data()
    now = data.source.prepare(data.segmentation, data.leads, data.cache).fingerprint
    other(RunFolder(job.folder).provenance, data_fingerprint=now)
    assert sweep.take_up(made, job)[1] == 0.5


def test_recordings_that_would_have_to_be_downloaded_are_not_asked_for(tmp_path: Path) -> None:
    job = begun_job(tmp_path)
    finish(job)
    assert sweep.take_up(config(), job)[1] == 0.5


def test_recordings_are_looked_at_once_for_all_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(RunConfig, "data", lambda self, data_dir=None: asked.append(self) or _Nowhere())
    for number in range(3):
        job = begun_job(tmp_path / str(number))
        finish(job)
        sweep.take_up(config(), job)
    assert len(asked) == 1


class _Nowhere:
    """A data module whose recordings are not at hand."""

    @property
    def source(self) -> _Nowhere:
        return self

    def at_hand(self) -> bool:
        return False
