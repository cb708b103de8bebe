"""Small runs on simulated recordings, trained for an epoch: their scores are poor, their bookkeeping is real.

Drawing takes most of the time and has its own tests, so that one test alone draws real figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from ecg.config import ArrhythmiaConfig, Job, MIConfig, RunConfig, TrainerConfig
from ecg.config.dataset import DatasetConfig, SyntheticConfig
from ecg.config.model import KachueeConfig
from ecg.config.tracking import TrackingConfig
from ecg.evaluate import files
from ecg.report.style import Context, new_figure
from ecg.run import report, run

SMALL = SyntheticConfig(patients=12, minutes=0.5)


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
def train(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Callable[[DatasetConfig], Path]:
    """Trains on a dataset; gives the run folder."""

    def work(dataset: DatasetConfig) -> Path:
        folder = tmp_path_factory.mktemp(dataset.name) / "run"
        config = RunConfig(
            dataset=dataset,
            model=KachueeConfig(),
            trainer=TrainerConfig(epochs=1, batch_size=64),
            tracking=TrackingConfig(mode="disabled"),
            cache_dir=str(cache),
            bootstrap=20,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(report, "run_figures", blank)
            run(config, Job(folder))
        return folder

    return work


@pytest.fixture(scope="session")
def by_patient(train: Callable[[DatasetConfig], Path]) -> Path:
    """A run whose test patients are new."""
    return train(ArrhythmiaConfig(source="synthetic", synthetic=SMALL))


@pytest.fixture(scope="session")
def by_beat(train: Callable[[DatasetConfig], Path]) -> Path:
    """A run whose test beats are new, of patients that trained."""
    return train(ArrhythmiaConfig(source="synthetic", synthetic=SMALL, split="beats"))


@pytest.fixture(scope="session")
def mi(train: Callable[[DatasetConfig], Path]) -> Path:
    """A run with a label per patient, and ten beats of each."""
    return train(MIConfig(source="synthetic", synthetic=SMALL, beats_per_patient=10))
