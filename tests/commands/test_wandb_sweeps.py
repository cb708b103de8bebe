"""W&B sweeps as their agent runs them: its own loop, the commands that it makes of our files, and no server."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecg.config.compose import compose

from .conftest import ROOT, metrics

FOLDER = ROOT / "experiments" / "sweeps"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
SMALL = {"dataset.source": "synthetic", "dataset.synthetic.patients": 12, "dataset.synthetic.minutes": 0.5,
         "trainer.max_epochs": 1, "transfer.source_epochs": 1, "bootstrap": 0}  # fmt: skip


def sweep(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return content


def first(parameter: dict[str, Any]) -> Any:
    return parameter["values"][0] if "values" in parameter else parameter["min"]


@pytest.mark.parametrize("name", FILES)
def test_every_setting_of_a_sweep_exists_at_each_of_its_ends(name: str) -> None:
    said = sweep(name)
    fixed = [word for word in said["command"] if "=" in word and not word.startswith("hydra.")]
    ends = {
        key: one["values"] if "values" in one else [one["min"], one["max"]] for key, one in said["parameters"].items()
    }
    for key, values in ends.items():
        for value in values:
            rest = [f"{other}={first(one)}" for other, one in said["parameters"].items() if other != key]
            compose(*fixed, *rest, f"{key}={value}")


def test_a_search_leaves_the_test_subset_alone() -> None:
    assert "test=false" in sweep("search.yaml")["command"]


@pytest.mark.parametrize("name", FILES)
def test_the_agent_runs_them(name: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real agent's loop; what its server would say is said here: two runs, with two values of one setting."""
    import wandb
    from wandb.apis.public import sweeps
    from wandb.wandb_agent import Agent

    said, outputs = sweep(name), tmp_path / "outputs"
    key = next(key for key, one in said["parameters"].items() if len(one.get("values", ())) > 2)
    small = {**SMALL, "output_dir": str(outputs), "logger.wandb.mode": "offline"}
    runs = []
    for number, value in enumerate(said["parameters"][key]["values"][:2]):
        args = {other: first(one) for other, one in said["parameters"].items()} | small | {key: value}
        command = {"type": "run", "run_id": f"run{number}", "program": said["program"]}
        runs.append({**command, "args": {other: {"value": one} for other, one in args.items()}})
    waiting = iter(runs)

    def heartbeat(api: object, agent: str, metrics: object, running: dict[str, bool]) -> list[dict[str, Any]]:
        return [] if running else list(itertools.islice(waiting, 1))

    monkeypatch.setattr(sweeps, "_sweep_with_runs", lambda *_: {"config": yaml.safe_dump(said)})
    monkeypatch.setattr(sweeps, "_register_agent", lambda *_, **__: {"id": "agent"})
    monkeypatch.setattr(sweeps, "_agent_heartbeat", heartbeat)
    monkeypatch.setattr(wandb, "Api", lambda *_, **__: None)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WANDB", "ECG_", "HYDRA"))}
    own = {"WANDB_AGENT_REPORT_INTERVAL": "0", "WANDB_SWEEP_ID": "sweep1", "WANDB_DIR": str(tmp_path)}
    own |= {"XDG_CACHE_HOME": str(cache), "PATH": f"{Path(sys.executable).parent}:{kept['PATH']}"}
    for gone in os.environ.keys() - kept:
        monkeypatch.delenv(gone)
    for variable, value in own.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(ROOT)
    Agent(None, multiprocessing.Queue(), sweep_id="sweep1", count=2).run()

    folders = sorted(path.parent for path in outputs.glob("*/metrics.json"))
    folders = [one for one in folders if one.parent.name != "sources"]
    assert len(folders) == 2
    provenance = [yaml.safe_load((one / "provenance.json").read_text()) for one in folders]
    assert [one["wandb_id"] for one in provenance] == ["run0", "run1"]
    assert [one["wandb"]["WANDB_SWEEP_ID"] for one in provenance] == ["sweep1", "sweep1"]
    configs = [yaml.safe_load((one / "config.yaml").read_text()) for one in folders]
    part, _, last = key.partition(".")
    assert [one[part][last] for one in configs] == said["parameters"][key]["values"][:2]
    assert all((said["metric"]["name"] in metrics(one)) for one in folders)
    assert all(("test/macro_f1" in metrics(one)) == (name != "search.yaml") for one in folders)
