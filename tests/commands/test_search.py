"""Searches as a user types them: trials are runs, none is tested, killed ones go on, bad spaces are refused."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from .conftest import SMALL, Shell, metrics

pytest.importorskip("optuna")
SEARCH = (
    "-m",
    "hparams_search=optuna",
    *SMALL,
    "model.dropout=interval(0,0.5)",
    "optimizer=choice(adamw,adam)",
    "hydra.sweeper.params={optimizer.lr:'tag(log,interval(1e-4,1e-2))'}",
)


def search(shell: Shell, trials: int, *more: str, code: int = 0) -> str:
    return shell.train(*SEARCH, f"hydra.sweeper.n_trials={trials}", *more, code=code)


def only(shell: Shell) -> Path:
    (folder,) = (shell.outputs / "multirun").glob("*/")
    return folder


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Shell, str]:
    shell = Shell(tmp_path_factory.mktemp("searched"), cache)
    return shell, search(shell, 3)


def test_each_trial_is_a_run_that_was_not_tested(searched: tuple[Shell, str]) -> None:
    shell, _ = searched
    folders = sorted(folder for folder in shell.folders() if folder.parent == only(shell))
    assert [folder.name[:2] for folder in folders] == ["0_", "1_", "2_"]
    for folder in folders:
        said = metrics(folder)
        assert said["tested"] is False
        assert not [key for key in said if key.startswith(("test/", "subject/", "baseline/"))]
        assert said["best/val/macro_f1"] == max(pd.read_csv(folder / "history.csv")["val/macro_f1"])
        assert not (folder / "predictions.csv").exists()
        assert (folder / "weights.safetensors").is_file()
        assert len(list(folder.glob("wandb/offline-run-*"))) == 1
    first = yaml.safe_load((folders[0] / "config.yaml").read_text())
    assert (first["optimizer"]["lr"], first["optimizer"]["_target_"]) == (0.002, "torch.optim.AdamW")  # as they are
    assert len({yaml.safe_load((one / "config.yaml").read_text())["model"]["dropout"] for one in folders}) == 3


def test_the_best_settings_are_told_as_a_command_that_works(
    searched: tuple[Shell, str], cache: Path, tmp_path: Path
) -> None:
    shell, said = searched
    folder = only(shell) / "study"
    trials = pd.read_csv(folder / "trials.csv").set_index("trial")
    best = trials["val/macro_f1"].idxmax()
    assert f"Best: trial {best} with" in said
    assert "the settings as they are" in said
    command = next(line.split("python train.py ")[1] for line in said.splitlines() if "python train.py " in line)
    lr = float(re.search(r"optimizer.lr=(\S+)", command).group(1))  # type: ignore[union-attr]
    assert lr == pytest.approx(trials.loc[best, "optimizer.lr"], rel=1e-5)
    assert "hparams_search" not in command
    made = Shell(tmp_path, cache)
    made.train(*command.split(), "logger=none", "bootstrap=0")
    (run,) = made.folders()
    assert "test/macro_f1" in metrics(run)
    assert metrics(run)["best/val/macro_f1"] == pytest.approx(trials.loc[best, "val/macro_f1"], abs=1e-6)
    page = (folder / "index.html").read_text()
    assert command.split()[-1] in page
    assert page.count("data:image/png") >= 3


def test_repeating_a_finished_search_trains_nothing_and_more_trials_go_on_with_it(searched: tuple[Shell, str]) -> None:
    shell, said = searched
    before = {path: path.stat().st_mtime_ns for path in only(shell).glob("*/metrics.json")}
    again = search(shell, 3)
    assert "Launching" not in again
    assert [line for line in again.splitlines() if "Best:" in line] == [
        line for line in said.splitlines() if "Best:" in line
    ]
    more = search(shell, 4)
    assert "4 finished" in more or "3 finished, 1 stopped early" in more
    now = {path: path.stat().st_mtime_ns for path in only(shell).glob("*/metrics.json")}
    assert len(now) == 4
    assert before.items() <= now.items()


def test_trials_are_compared_by_validation(searched: tuple[Shell, str]) -> None:
    shell, _ = searched
    said = shell.run("-m", "ecg", "compare", str(only(shell)))
    assert "None was tested" in said
    assert "Validation macro-F1" in said
    assert "test beats" not in said


def test_a_search_that_was_killed_goes_on_with_the_same_command(shell: Shell) -> None:
    words = (*SEARCH, "hydra.sweeper.n_trials=3", "logger=none", f"output_dir={shell.outputs}")
    process = shell.start("train.py", *words)
    deadline = time.monotonic() + 200
    while not list(shell.outputs.glob("multirun/*/1_*/history.csv")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folder = only(shell)
    assert not (folder / "study" / "trials.csv").exists()
    shell.run("train.py", *words)
    trials = pd.read_csv(folder / "study" / "trials.csv")
    assert list(trials["trial"]) == [0, 1, 2]
    assert set(trials["state"]) <= {"finished", "stopped early"}
    assert not [name for name in folder.glob("*/") if name.name[:2] not in ("0_", "1_", "2_", "st")]
    history = pd.read_csv(next(folder.glob("1_*/history.csv")))
    assert list(history["epoch"]) == list(range(1, len(history) + 1))  # no epoch twice


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("model=kachuee",), "no search space for model=kachuee (there are some for cnn, compact, context"),
        (("optimizer.rate=interval(0,1)",), "unknown key optimizer.rate"),
        (("model.dropout=interval(0,3)",), "model.dropout=3"),
        (("optimizer.lr=interval(1,0)",), "optimizer.lr=interval(1,0)"),
        (("optimizer.lr=interval(1e-4,1e-2)", "monitor=val/nothing"), "monitor=val/nothing: choose one of"),
        (
            ("optimizer.lr=interval(1e-4,1e-2)", "hydra/launcher=nowhere"),
            "hydra/launcher=nowhere: that launcher is not",
        ),
        (("seed=interval(0,1)",), "seed=0.5: must be a whole number"),
        (("dataset.val_fraction=0", "dataset.split=patients"), "a search chooses by validation, and there is none"),
        (("trainer.limit_val_batches=0",), "a search chooses by validation, and there is none"),
        (("hydra.sweeper.storage=mysql",), "hydra.sweeper.storage=mysql: choose one of journal, sqlite"),
        (("hydra.sweeper.n_trials=0",), "hydra.sweeper.n_trials=0: must be at least 1"),
        (("hydra.sweeper.sampler.foo=1",), "hydra.sweeper.sampler.foo is no key of Hydra's part"),
        (("+hydra.sweeper.sampler.foo=1",), "hydra.sweeper.sampler (optuna.samplers.TPESampler) refuses its settings"),
        (("hydra.sweeper.pruner._target_=optuna.pruners.NopPrune",), "hydra.sweeper.pruner._target_"),
    ],
)
def test_bad_searches_are_refused_in_a_line_before_anything_is_read(
    shell: Shell, words: tuple[str, ...], said: str
) -> None:
    out = shell.train("-m", "hparams_search=optuna", "dataset.source=physionet", "data_dir=nowhere", *words, code=1)
    (line,) = [line for line in out.splitlines() if line.startswith("error: ")]
    assert said in line
    assert "Launching" not in out
    assert "Traceback" not in out
    assert not list(shell.outputs.glob("multirun/*/"))


def test_one_folder_holds_one_space(shell: Shell) -> None:
    own = f"hydra.sweep.dir={shell.outputs}/mine"
    search(shell, 1, own, "logger=none")
    out = search(shell, 1, own, "logger=none", "model.dropout=interval(0,0.4)", code=1)
    assert "holds a search of another space: model.dropout=interval(0,0.5), now interval(0,0.4)" in out
    assert json.loads((shell.outputs / "mine" / "study" / "journal.log").read_text().splitlines()[0])
