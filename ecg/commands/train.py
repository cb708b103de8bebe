"""`ecg train` and `python train.py`: one run, or the jobs of a sweep, from Hydra settings."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from ecg import __version__, search
from ecg.commands.output import print_anything
from ecg.config import RunConfig, compose
from ecg.config.messages import explain
from ecg.errors import EcgError
from ecg.runs import sweep
from ecg.runs.folder import RunFolder
from ecg.runs.job import Job

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger(__name__)
TRACE = "HYDRA_FULL_ERROR"
SWEEP_KEPT = "finished jobs are kept, and the same command goes on from the last epoch"

compose.register()
sweep.register()
search.register()


@hydra.main(config_path=str(compose.conf_folder()), config_name="config", version_base="1.3")
def hydra_main(composed: DictConfig) -> float:
    """One run; returns the value of `monitor` at the best epoch, NaN for a job of a sweep that failed."""
    with _told():
        return _one(composed)
    return float("nan")


def _one(composed: DictConfig) -> float:
    job = Job.current()
    if job.resume:
        from ecg.runs.reading import load_config

        compose.only_resumed(job.overrides)
        config = load_config(job.folder / "config.yaml")
    else:
        config = _read(composed, job)
    from ecg.pipeline import run
    from ecg.runs.lock import RunningElsewhereError

    try:
        return run(config, job)
    except RunningElsewhereError as error:
        if job.sweep is None:
            raise
        log.warning("%s; it is left to that process", error)
        sweep.SweepFolder.elsewhere[job.folder.name] = str(error)
        return float("nan")


class Stopped(KeyboardInterrupt):
    """A job was stopped, and has said what is kept of it."""


class Refusal(BaseException):
    """What the user can put right, past Hydra: it would tell of it in words of its own, and go on with a sweep."""


def _read(composed: DictConfig, job: Job) -> RunConfig:
    """The checked configuration; a setting that does not exist ends a whole sweep at once."""
    try:
        return compose.read(composed)
    except EcgError as error:
        if job.sweep is None:
            raise
        raise Refusal(str(error)) from error


def main() -> None:
    """Run the command; a failure ends with its message alone and exit code 1, a sweep with a table of its jobs."""
    print_anything()
    if "--version" in sys.argv[1:]:
        print(f"ecg {__version__}")
        return
    code = _reported(hydra_main)
    ran = sweep.SweepFolder
    if ran.last is not None and _tell_sweep(ran.last):
        code = 1
    sys.exit(code)


def _tell_sweep(folder: Path) -> bool:
    """The table of a sweep's jobs; a search has told its trials, and a sweep that was refused has none.

    Returns:
        Whether a job failed.
    """
    from ecg.runs.study import StudyFolder

    ran = sweep.SweepFolder
    if not sweep.remove_unbegun(folder) and not StudyFolder(folder).exists:
        from rich.console import Console

        from ecg.compare import job_table

        console = Console()
        console.print(job_table(folder, skipped=ran.skipped, elsewhere=ran.elsewhere))
        if any(folder.glob("*/patients.csv")):
            _tell_pooled(folder, console)
        if len(list(folder.glob("*/metrics.json"))) > 1:
            console.print(f"next: ecg compare {quote(str(folder))}", highlight=False, markup=False, soft_wrap=True)
        return any(folder.glob(f"*/{RunFolder(folder).error.name}"))
    return False


def _tell_pooled(folder: Path, console: Console) -> None:
    """What all folds say together of patients with a diagnosis; the jobs are what they are, also without it."""
    from ecg.compare.pooled import pooled_tables

    try:
        for table in pooled_tables(folder):
            console.print(table)
    except EcgError as error:
        print(f"not pooled: {error}", file=sys.stderr)


@contextmanager
def _told() -> Iterator[None]:
    """Tell a sweep job's failure at once, and let the others run: Hydra would end with the first one, in its own words.

    A single run's failure is told by `main`. Either way, a job that failed before it wrote anything leaves no folder.
    """
    try:
        yield
    except Exception as error:
        # not Job.current(): it may be what failed
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        known = HydraConfig.get()
        folder, overrides = Path(known.runtime.output_dir), tuple(known.overrides.task)
        if known.mode == RunMode.MULTIRUN:
            said = explain(error)
            reason = said or repr(error)
            log.error("job %s failed: %s", " ".join(overrides), reason)
            sweep.failed(Job(folder, overrides), reason)
            if said is not None:
                return
        else:
            _remove_empty(folder)
            if (said := explain(error)) is not None:
                raise Refusal(said) from error
        raise
    except KeyboardInterrupt:
        print(f"\nstopped; {_kept()}", file=sys.stderr)
        raise Stopped from None


def _kept() -> str:
    """What there is of a stopped training, and how to go on."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    known = HydraConfig.get()
    folder = Path(known.runtime.output_dir)
    _remove_empty(folder)
    if known.mode == RunMode.MULTIRUN:
        return SWEEP_KEPT
    if RunFolder(folder).last_checkpoint.exists():
        return f"to go on from the last epoch: python train.py {quote(f'resume={folder}')}"
    return "no epoch was finished; the same command begins again"


def _remove_empty(folder: Path) -> None:
    """Remove a run folder that holds only what Hydra put there; its log, which a failed job filled, is told anyway."""
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {".hydra", "train.log", ".lock"}:
        shutil.rmtree(folder, ignore_errors=True)


def _reported(command: Callable[[], object]) -> int:
    """The exit code; HYDRA_FULL_ERROR=1 keeps the stack trace, as an exception does that no user caused."""
    wanted = os.environ.get(TRACE) == "1"
    os.environ[TRACE] = "1"  # Hydra then leaves the exception to us
    try:
        command()
    except Stopped:
        return 130
    except KeyboardInterrupt:  # before a job began, or while others' processes run them
        print(f"\nstopped; {SWEEP_KEPT if sweep.SweepFolder.last else 'nothing was begun'}", file=sys.stderr)
        return 130
    except Refusal as refusal:
        if wanted and refusal.__cause__ is not None:
            raise refusal.__cause__ from None
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    except Exception as error:
        if wanted or (message := explain(error)) is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
