"""What Lightning refuses while it trains, and settings that change what an epoch sees, in whole small runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.pipeline import run
from ecg.runs.job import Job
from ecg.runs.run import load_run

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = (
    "model=kachuee",
    "dataset.source=synthetic",
    "dataset.synthetic.patients=6",
    "dataset.synthetic.minutes=0.5",
    "dataset.batch_size=16",
    "trainer=cpu",
    "trainer.precision=32-true",
    "trainer.max_epochs=2",
    "logger=none",
    "bootstrap=0",
    "threads=1",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    from ecg.pipeline import report

    monkeypatch.setattr(report, "run_figures", lambda *_, **__: {})


def trained(folder: Path, cache: Path, *overrides: str) -> Any:
    run(compose(*SMALL, f"cache_dir={cache}", *overrides), Job(folder))
    return load_run(folder)


def test_overfitting_some_batches_trains_on_those_alone_and_is_no_result(tmp_path: Path, cache: Path) -> None:
    found = trained(tmp_path / "run", cache, "trainer.overfit_batches=2")
    assert found.history["step"].tolist() == [2, 4]
    assert (found.state, found.metrics["limit_batches"]) == ("no result", 2)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("trainer.check_val_every_n_epoch=2", "callbacks=[early_stopping]"), "asks for a metric"),
        (("callbacks.x._target_=pytorch_lightning.callbacks.LearningRateMonitor",), "Lightning refuses these settings"),
        (("trainer.limit_train_batches=0",), "must know when training ends"),
    ],
)
def test_what_lightning_refuses_while_it_trains_is_one_line(
    tmp_path: Path, cache: Path, overrides: tuple[str, ...], said: str
) -> None:
    with pytest.raises(EcgError, match=said) as caught:
        trained(tmp_path / "run", cache, *overrides)
    assert "\n" not in str(caught.value)


def test_the_weights_that_lightnings_own_averaging_validated_are_those_that_are_kept(
    tmp_path: Path, cache: Path
) -> None:
    average = "callbacks.x._target_=pytorch_lightning.callbacks.EMAWeightAveraging"
    found = trained(tmp_path / "run", cache, average, "callbacks.ema=null", "augment=none")
    data = found.datamodule()
    data.prepare_data()
    data.setup()
    import pytorch_lightning as pl

    from ecg.training import BeatClassifier

    trainer = pl.Trainer(logger=False, accelerator="cpu", enable_progress_bar=False, enable_checkpointing=False)
    (scores,) = trainer.validate(BeatClassifier(found.model), data, verbose=False)
    assert scores["val/loss"] == pytest.approx(found.history["val/loss"][found.metrics["best_epoch"] - 1], abs=1e-5)


def test_another_target_is_not_given_the_keys_of_the_file_it_replaces() -> None:
    config = compose("scheduler._target_=torch.optim.lr_scheduler.ExponentialLR", "scheduler.gamma=0.9")
    assert config.scheduler == {
        "_target_": "torch.optim.lr_scheduler.ExponentialLR", "interval": "step", "gamma": 0.9
    }  # fmt: skip
    with pytest.raises(EcgError, match=r"unknown key scheduler\.pct_start"):  # typed by the user
        compose("scheduler._target_=torch.optim.lr_scheduler.ExponentialLR", "scheduler.pct_start=0.2")


def test_a_rate_that_stays_needs_no_scheduler(tmp_path: Path, cache: Path) -> None:
    found = trained(tmp_path / "run", cache, "~scheduler")
    assert found.history["lr"].nunique() == 1
