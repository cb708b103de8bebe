"""Small runs on simulated recordings, trained for an epoch: their scores are poor, their bookkeeping is real.

Drawing takes most of the time and has its own tests, so that one test alone draws real figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from ecg.config.compose import compose
from ecg.evaluate import files
from ecg.pipeline import report, run
from ecg.report.style import Context, new_figure
from ecg.runs.job import Job

SMALL = ("dataset.source=synthetic", "dataset.synthetic.patients=12", "dataset.synthetic.minutes=0.5")


def blank(*_: object, **__: object) -> dict[str, Figure]:
    """In place of `run_figures`."""
    return {name: new_figure(Context("nothing"), 2, 1) for name in ("learning_curves", "confusion")}


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No real figures, but for the tests that ask for `drawn`."""
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(files, "run_figures", blank)


@pytest.fixture
def drawn() -> None:
    """Real figures."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Callable[..., Path]:
    """Trains with some settings; gives the run folder."""

    def work(*settings: str) -> Path:
        folder = tmp_path_factory.mktemp("trained") / "run"
        usual = ["model=kachuee", "trainer.max_epochs=1", "dataset.batch_size=64", "logger=none", "bootstrap=20"]
        config = compose(*SMALL, *usual, *settings, f"cache_dir={cache}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report, "run_figures", blank)
            run(config, Job(folder))
        return folder

    return work


@pytest.fixture(scope="session")
def by_patient(train: Callable[..., Path]) -> Path:
    """A run whose test patients are new."""
    return train("dataset=arrhythmia")


@pytest.fixture(scope="session")
def by_beat(train: Callable[..., Path]) -> Path:
    """A run whose test beats are new, of patients that trained."""
    return train("dataset=arrhythmia", "dataset.split=beats")


@pytest.fixture(scope="session")
def sequence(train: Callable[..., Path]) -> Path:
    """A run of a model that sees 16 consecutive beats, some of which trained and others test."""
    windows = ("dataset.segmentation=window", "model=sequence", "model.beats=16", "model.context=4")
    return train("dataset=arrhythmia", "dataset.split=beats", *windows)


@pytest.fixture(scope="session")
def mi(train: Callable[..., Path]) -> Path:
    """A run with a label per patient, and ten beats of each."""
    return train("dataset=mi", "dataset.beats_per_patient=10")
