"""W&B: one run per job, closed whatever happens, and nothing left behind in the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wandb

from ecg.training import tracking as module
from ecg.training.tracking import TrackedRun, resolve_mode, tracking


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without W&B settings."""
    for name in list(os.environ):
        if name.startswith("WANDB"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def run(folder: Path, mode: str = "offline", run_id: str = "abc123") -> TrackedRun:
    folder.mkdir(parents=True, exist_ok=True)
    return TrackedRun(
        name="arrhythmia-cnn-seed0",
        run_id=run_id,
        mode=mode,
        project="ecg",
        entity=None,
        group="sweep",
        tags=("simulated",),
        job_type="scratch",
        config={"seed": 0, "trainer": {"epochs": 3}},
        folder=folder,
    )


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Exit codes that runs were finished with; no run is really opened."""
    codes: list[int] = []
    monkeypatch.setattr(wandb, "finish", lambda exit_code=None: codes.append(exit_code))
    monkeypatch.setattr(module, "_open", lambda run, mode: (SimpleNamespace(experiment=None), mode))
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


def test_a_run_that_ends_well_is_finished_with_0(tmp_path: Path, finished: list[int]) -> None:
    with tracking(run(tmp_path)):
        assert finished == []
    assert finished == [0]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_run_that_fails_is_finished_with_1(tmp_path: Path, finished: list[int], error: type[BaseException]) -> None:
    with pytest.raises(error), tracking(run(tmp_path)):
        raise error
    assert finished == [1]


def test_a_disabled_run_needs_no_wandb(tmp_path: Path, finished: list[int]) -> None:
    with tracking(run(tmp_path, mode="disabled")) as tracker:
        tracker.summary({"a": 1})
        tracker.figures({})
        assert "tracking.mode=disabled" in tracker.where()
    assert finished == []
    assert list(tmp_path.iterdir()) == []


def test_two_runs_after_each_other_are_two_runs_in_their_own_folders(tmp_path: Path) -> None:
    shown = []
    for name in ("one", "two"):
        with tracking(run(tmp_path / name, run_id=f"id{name}")) as tracker:
            assert wandb.run is not None
            assert (wandb.run.id, wandb.run.group, wandb.run.job_type) == (f"id{name}", "sweep", "scratch")
            assert wandb.run.name == "arrhythmia-cnn-seed0"
            assert dict(wandb.run.config)["trainer"] == {"epochs": 3}
            tracker.summary({"test/macro_f1": 0.5, "left out": [1]})
            assert dict(wandb.run.summary)["test/macro_f1"] == 0.5
            shown.append(tracker.where())
        assert wandb.run is None
        stored = [p for p in (tmp_path / name / "wandb").iterdir() if p.name.startswith("offline-run")]
        assert [p.name.endswith(f"id{name}") for p in stored] == [True]
        assert str(stored[0]) in shown[-1]
        assert "wandb sync" in shown[-1]
    assert "WANDB_MODE" not in os.environ


def test_a_failed_offline_run_does_not_take_in_the_next_one(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), tracking(run(tmp_path / "one", run_id="idone")):
        raise RuntimeError
    with tracking(run(tmp_path / "two", run_id="idtwo")):
        assert wandb.run is not None
        assert wandb.run.id == "idtwo"


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
    with tracking(run(tmp_path, mode="online")) as tracker:
        assert tracker.mode == "offline"
    assert [a["mode"] for a in asked] == ["online", "offline"]
    assert "no network" in caplog.text
