"""A sweep is known by its settings; its jobs are new, to be resumed, or finished."""

from __future__ import annotations

import json
from pathlib import Path

import hydra
import pytest
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from ecg.config import ArrhythmiaConfig, CnnConfig, Job, RunConfig, TrainerConfig, compose, sweep
from ecg.errors import EcgError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sweep.VARIABLE, "")  # so that what a test sets is undone
    monkeypatch.delenv(sweep.VARIABLE)


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.delenv(sweep.VARIABLE, raising=False)
    monkeypatch.setattr("sys.argv", ["train.py", *words])


def begun(outputs: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Path:
    """A sweep whose first job has begun."""
    typed(monkeypatch, *words)
    folder = Path(sweep.sweep_folder(str(outputs), False))
    sweep.take_up(config(), Job(folder / "0_x", sweep=folder))
    return folder


def config(seed: int = 0) -> RunConfig:
    return RunConfig(dataset=ArrhythmiaConfig(), model=CnnConfig(), trainer=TrainerConfig(), seed=seed)


def test_the_same_settings_lead_to_the_same_folder_however_they_are_launched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begun(tmp_path, monkeypatch, "-m", "seed=0,1", "model=cnn")
    typed(monkeypatch, "model=cnn", "--multirun", "seed=0,1", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    assert sweep.sweep_folder(str(tmp_path), False) == str(first)
    typed(monkeypatch, "-m", "seed=0,1,2", "model=cnn")
    assert sweep.sweep_folder(str(tmp_path), False) != str(first)
    typed(monkeypatch, "-m", "seed=0,1", "model=cnn", "rerun=true")
    again = sweep.sweep_folder(str(tmp_path), True)
    assert again != str(first)
    sweep.take_up(config(), Job(Path(again) / "0_x", sweep=Path(again)))
    typed(monkeypatch, "-m", "seed=0,1", "model=cnn")
    assert sweep.sweep_folder(str(tmp_path), False) == again  # the newest of several


def test_worker_processes_are_told_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "-m", "seed=0,1")
    folder = sweep.sweep_folder(str(tmp_path), False)
    monkeypatch.setattr("sys.argv", ["loky"])
    assert sweep.sweep_folder(str(tmp_path), False) == folder


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
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        experiment = [word for word in words if word.startswith("experiment=")]
        composed = hydra.compose("config", [*experiment, f"output_dir={tmp_path}"], return_hydra_config=True)
    composed.hydra.overrides.task = words  # as Hydra tells its callbacks; composing alone refuses several values
    sweep.SweepFolder().on_multirun_start(composed)
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


def test_a_damaged_mark_belongs_to_no_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = begun(tmp_path, monkeypatch, "-m", "seed=0,1")
    (first / sweep.MARK).write_text("{")
    typed(monkeypatch, "-m", "seed=0,1")
    assert sweep.sweep_folder(str(tmp_path), False) != str(first)


def test_a_job_is_new_or_resumed_or_finished(tmp_path: Path) -> None:
    job = Job(tmp_path / "0_x", sweep=tmp_path)
    job.folder.mkdir()
    sweep.failed(job, "no room")
    assert (job.folder / "error.txt").read_text().startswith("no room\n")
    assert sweep.take_up(config(), job) == (job, None)
    assert not (job.folder / "error.txt").exists()
    compose.save(config(), job.folder / "config.yaml")
    taken, value = sweep.take_up(config(), job)
    assert (taken.resume, value) == (True, None)
    (job.folder / "metrics.json").write_text(json.dumps({"best/val/macro_f1": 0.5}))
    taken, value = sweep.take_up(config(), job)
    assert value == 0.5
    assert job.folder.name in sweep.SweepFolder.skipped


def test_a_job_with_other_settings_is_not_overwritten(tmp_path: Path) -> None:
    job = Job(tmp_path / "0_x", sweep=tmp_path)
    compose.save(config(), job.folder / "config.yaml")
    with pytest.raises(EcgError, match="other settings \\(seed\\); rerun=true"):
        sweep.take_up(config(seed=3), job)
