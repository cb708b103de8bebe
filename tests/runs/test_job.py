"""What a job knows of itself from Hydra."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from ecg.errors import EcgError
from ecg.runs.job import Job


def running(monkeypatch: pytest.MonkeyPatch, *typed: str, mode: RunMode = RunMode.RUN) -> Job:
    """The job that Hydra runs for what was typed."""
    known = SimpleNamespace(
        mode=mode,
        sweep=SimpleNamespace(dir="outputs/multirun/s"),
        overrides=SimpleNamespace(task=list(typed)),
        runtime=SimpleNamespace(output_dir="outputs/x"),
    )
    monkeypatch.setattr(HydraConfig, "get", staticmethod(lambda: known))
    return Job.current()


def test_a_single_run_and_a_job_of_a_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    assert running(monkeypatch, "seed=1", "model=cnn") == Job(Path("outputs/x"), ("seed=1", "model=cnn"))
    job = running(monkeypatch, "seed=1", mode=RunMode.MULTIRUN)
    assert (job.sweep, job.folder, job.resume) == (Path("outputs/multirun/s"), Path("outputs/x"), False)


@pytest.mark.parametrize(
    ("typed", "resume"),
    [
        (("resume=outputs/x",), True),
        (("resume='outputs/my run'",), True),
        (("resume=null",), False),
        (("resume=",), False),
        (("seed=1",), False),
        (("output_dir=resume",), False),
    ],
)
def test_a_run_is_resumed_where_that_was_typed(
    monkeypatch: pytest.MonkeyPatch, typed: tuple[str, ...], resume: bool
) -> None:
    assert running(monkeypatch, *typed).resume is resume


@pytest.mark.parametrize("typed", ["+resume=outputs/x", "++resume=outputs/x", "~resume"])
def test_a_resumption_that_would_start_a_new_run_is_refused(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    with pytest.raises(EcgError, match=r"resume.*: write resume=RUN"):
        running(monkeypatch, typed)
