"""Loggers: W&B by default, others beside it or instead; closed whatever happens, and nothing left in the process."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import pytorch_lightning as pl
import wandb
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ecg.config.compose import choices, compose
from ecg.config.root import Node
from ecg.errors import EcgError
from ecg.training import loggers as module
from ecg.training.loggers import Loggers, RunFacts, opened, resolve_mode, wandb_environment


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without W&B settings."""
    for name in list(os.environ):
        if name.startswith("WANDB"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def run(folder: Path, run_id: str = "abc123") -> RunFacts:
    folder.mkdir(parents=True, exist_ok=True)
    return RunFacts(
        name="arrhythmia-cnn-seed0",
        run_id=run_id,
        group="sweep",
        tags=("simulated",),
        job_type="scratch",
        config={"seed": 0, "trainer": {"max_epochs": 3}},
        folder=folder,
    )


def nodes(*overrides: str) -> dict[str, Node | None]:
    """What `logger=...` composes."""
    return compose(*overrides).logger


OFFLINE = ("logger.wandb.mode=offline",)


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Exit codes that W&B runs were finished with; no run is really opened."""
    codes: list[int] = []
    monkeypatch.setattr(wandb, "finish", lambda exit_code=None: codes.append(exit_code))
    experiment = SimpleNamespace(id="abc123", config=SimpleNamespace(update=lambda *_, **__: None))
    monkeypatch.setattr(module, "_start", lambda *_: WandbLogger(experiment=experiment))  # type: ignore[arg-type]
    return codes


@pytest.mark.parametrize("mode", ["online", "offline", "disabled"])
def test_a_named_mode_is_kept(mode: str) -> None:
    assert resolve_mode(mode) == mode


def test_without_a_key_runs_are_offline() -> None:
    assert resolve_mode("auto") == "offline"


def test_a_key_in_the_environment_means_online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert resolve_mode("auto") == "online"


def test_a_login_on_this_machine_means_online(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password " + "0" * 40 + "\n")
    assert resolve_mode("auto") == "online"


def test_a_login_elsewhere_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine example.org login user password secret\n")
    assert resolve_mode("auto") == "offline"


@pytest.mark.parametrize("mode", ["online", "offline", "disabled"])
def test_wandb_mode_in_the_environment_wins_over_a_key(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", mode)
    assert resolve_mode("auto") == mode
    assert resolve_mode("offline") == "offline"


def test_an_empty_wandb_mode_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "")
    assert resolve_mode("auto") == "offline"
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert resolve_mode("auto") == "online"


def test_dryrun_is_offlines_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "dryrun")
    assert resolve_mode("auto") == "offline"


def test_wandb_is_the_default_and_several_loggers_are_named_in_a_list(tmp_path: Path) -> None:
    assert list(nodes()) == ["wandb"]
    assert nodes("logger=none") == {}
    several = nodes("logger=[wandb,tensorboard,csv]", *OFFLINE)
    with opened(several, run(tmp_path)) as found:
        assert [type(one) for one in found.all] == [WandbLogger, TensorBoardLogger, CSVLogger]
        assert found.wandb is found.all[0]
        assert "also logged to: TensorBoard, CSV" in found.where()


def test_a_run_that_ends_well_is_finished_with_0(tmp_path: Path, finished: list[int]) -> None:
    with opened(nodes(*OFFLINE), run(tmp_path)):
        assert finished == []
    assert finished == [0]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_run_that_fails_is_finished_with_1(tmp_path: Path, finished: list[int], error: type[BaseException]) -> None:
    with pytest.raises(error), opened(nodes(*OFFLINE), run(tmp_path)):
        raise error
    assert finished == [1]


@pytest.mark.parametrize(
    "wrong",
    [{"_target_": "pytorch_lightning.loggers.CSVLogger", "flush_logs_every_n_steps": "x"}, {"_target_": "torch.no"}],
    ids=["settings", "name"],
)
def test_where_the_next_logger_cannot_be_opened_the_first_is_finished_with_1(
    tmp_path: Path, finished: list[int], wrong: Node
) -> None:
    with pytest.raises(EcgError, match=r"^logger\.mine"), opened({**nodes(*OFFLINE), "mine": wrong}, run(tmp_path)):
        raise AssertionError("opened")
    assert finished == [1]


@pytest.mark.parametrize("status", ["success", "failed"])
def test_every_logger_is_told_how_the_run_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    told: list[tuple[str, str]] = []
    for kind in (CSVLogger, TensorBoardLogger):
        monkeypatch.setattr(kind, "finalize", lambda self, status: told.append((type(self).__name__, status)))

    def block() -> None:
        with opened(nodes("logger=[csv,tensorboard]"), run(tmp_path)):
            if status == "failed":
                raise RuntimeError

    if status == "failed":
        with pytest.raises(RuntimeError):
            block()
    else:
        block()
    assert told == [("CSVLogger", status), ("TensorBoardLogger", status)]


@pytest.mark.parametrize("overrides", [("logger=none",), ("logger.wandb.mode=disabled",), ("logger.wandb=null",)])
def test_a_run_without_wandb_never_loads_it(
    tmp_path: Path, finished: list[int], monkeypatch: pytest.MonkeyPatch, overrides: tuple[str, ...]
) -> None:
    imported, real = [], builtins.__import__

    def watched(name: str, *given: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "wandb":
            imported.append(name)
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", watched)
    with opened(nodes(*overrides), run(tmp_path)) as found:
        found.summary({"a": 1})
        found.figures({})
        assert found.all == []
        assert "Weights & Biases is off (logger=wandb logger.wandb.mode=offline turns it on)" in found.where()
    assert finished == []
    assert imported == []
    assert list(tmp_path.iterdir()) == []


def test_two_runs_after_each_other_are_two_runs_in_their_own_folders(tmp_path: Path) -> None:
    shown = []
    for name in ("one", "two"):
        with opened(nodes(*OFFLINE), run(tmp_path / name, run_id=f"id{name}")) as found:
            assert wandb.run is not None
            assert (wandb.run.id, wandb.run.group, wandb.run.job_type) == (f"id{name}", "sweep", "scratch")
            assert (wandb.run.name, wandb.run.project) == ("arrhythmia-cnn-seed0", "ecg")
            assert wandb.run.tags == ("simulated",)
            assert dict(wandb.run.config)["trainer"] == {"max_epochs": 3}
            found.summary({"test/macro_f1": 0.5, "left out": [1]})
            assert dict(wandb.run.summary)["test/macro_f1"] == 0.5
            shown.append(found.where())
        assert wandb.run is None
        stored = [p for p in (tmp_path / name / "wandb").iterdir() if p.name.startswith("offline-run")]
        assert [p.name.endswith(f"id{name}") for p in stored] == [True]
        assert str(stored[0]) in shown[-1]
        assert "wandb sync" in shown[-1]
    assert "WANDB_MODE" not in os.environ


def test_a_failed_offline_run_does_not_take_in_the_next_one(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), opened(nodes(*OFFLINE), run(tmp_path / "one", run_id="idone")):
        raise RuntimeError
    with opened(nodes(*OFFLINE), run(tmp_path / "two", run_id="idtwo")):
        assert wandb.run is not None
        assert wandb.run.id == "idtwo"


def test_what_the_environment_asks_of_wandb_is_done_and_can_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {
        "WANDB_PROJECT": "theirs",
        "WANDB_DIR": str(tmp_path / "elsewhere"),
        "WANDB_RUN_GROUP": "together",
        "WANDB_RUN_ID": "agents1",
        "WANDB_SWEEP_ID": "sweep1",
    }
    assert wandb_environment() == {}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "elsewhere").mkdir()
    assert wandb_environment() == asked
    monkeypatch.delenv("WANDB_SWEEP_ID")  # what follows is not under an agent
    with opened(nodes(*OFFLINE), run(tmp_path / "run")) as found:
        assert wandb.run is not None
        assert (wandb.run.project, wandb.run.group, wandb.run.id) == ("theirs", "together", "agents1")
        assert str(tmp_path / "elsewhere") in found.where()
    assert not (tmp_path / "run" / "wandb").exists()


def test_what_is_typed_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    monkeypatch.setenv("WANDB_RUN_GROUP", "together")
    typed = ("logger.wandb.project=mine", "logger.wandb.group=apart", "logger.wandb.tags=[a,b]")
    with opened(nodes(*OFFLINE, *typed), run(tmp_path)):
        assert wandb.run is not None
        assert (wandb.run.project, wandb.run.group) == ("mine", "apart")
        assert set(wandb.run.tags) == {"a", "b", "simulated"}


def test_where_wandb_cannot_be_reached_the_run_is_kept_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[dict[str, Any]] = []
    real = wandb.init

    def init(**settings: Any) -> Any:
        asked.append(settings)
        if settings["mode"] == "online":
            raise wandb.errors.CommError("no network")
        return real(**settings)

    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setattr(wandb, "teardown", lambda exit_code=None: None)
    with opened(nodes("logger.wandb.mode=online"), run(tmp_path)) as found:
        assert found.wandb is not None
        assert found.wandb.experiment.offline
    assert [a["mode"] for a in asked] == ["online", "offline"]
    assert "no network" in caplog.text


@pytest.mark.parametrize("name", choices("logger"))
def test_every_logger_of_conf_can_be_opened_and_keeps_its_files_where_it_says(tmp_path: Path, name: str) -> None:
    if name == "mlflow":
        pytest.importorskip("mlflow")
    typed = (f"logger={name}", *(OFFLINE if name == "wandb" else ()), f"output_dir={tmp_path}")
    before = set(Path().iterdir())
    with opened(nodes(*typed), run(tmp_path / name)) as found:
        assert len(found.all) == (name != "none")
        found.summary({"test/macro_f1": 0.5})
    assert set(Path().iterdir()) == before


def test_a_logger_whose_package_is_missing_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def needs_more(save_dir: str) -> None:
        raise ModuleNotFoundError("No module named 'comet_ml'", name="comet_ml")

    module = ModuleType("my_loggers")
    module.needs_more = needs_more  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_loggers", module)
    typed = ("logger=none", "logger.mine._target_=my_loggers.needs_more")
    with (
        pytest.raises(EcgError, match=r"^logger\.mine needs a package that is not installed: comet_ml$"),
        opened(nodes(*typed), run(tmp_path)),
    ):
        raise AssertionError("opened")


def logged(found: Loggers) -> None:
    """What a training logs, and what a run logs of its end."""
    trainer = pl.Trainer(accelerator="cpu", logger=found.all, enable_progress_bar=False, enable_checkpointing=False)
    for one in trainer.loggers:
        one.log_metrics({"val/loss": 0.25}, step=3)
        one.finalize("success")  # as the trainer does when it has fitted
    found.summary({"test/macro_f1": 0.5, "best_epoch": 2, "source": "synthetic"})


def test_csv_and_tensorboard_hold_the_metrics_and_the_result_below_the_run_folder(tmp_path: Path) -> None:
    with opened(nodes("logger=[csv,tensorboard]"), run(tmp_path)) as found:
        logged(found)
    table = pd.read_csv(tmp_path / "csv" / "metrics.csv")
    assert table["val/loss"].dropna().tolist() == [0.25]
    assert table["test/macro_f1"].dropna().tolist() == [0.5]
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.value for event in events.Scalars("val/loss")] == [0.25]
    assert [event.value for event in events.Scalars("test/macro_f1")] == [0.5]
    assert {path.name for path in tmp_path.iterdir()} == {"csv", "tensorboard"}
    assert "max_epochs: 3" in (tmp_path / "csv" / "hparams.yaml").read_text()


def test_any_logger_is_named_by_its_import_path(tmp_path: Path) -> None:
    typed = ("logger=none", "logger.mine._target_=pytorch_lightning.loggers.CSVLogger", "logger.mine.name=hers")
    with opened(nodes(*typed, "logger.mine.version=v"), run(tmp_path)) as found:
        logged(found)
    assert (tmp_path / "hers" / "v" / "metrics.csv").is_file()


def test_a_mode_that_does_not_exist_is_answered_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(EcgError, match=r"^logger\.wandb\.mode=of: choose one of auto, online, offline, disabled$"):
        nodes("logger.wandb.mode=of")
