"""A search's memory below its sweep's folder: which trials there are, who runs them, and what they gave."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filelock import FileLock, Timeout

from ecg.errors import EcgError
from ecg.runs.folder import RunFolder, read_json
from ecg.runs.job import Job

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, Trial

FILES = {"journal": "journal.log", "sqlite": "study.db"}
"""Kinds of storage, and the file that each keeps. A journal also works on file systems that machines share."""
NAME = "search"
OWNER, SPACE, PRUNER = "owner", "space", "pruner"
INSTALL = "a search needs Optuna: pip install 'ecg-experiments[search]'"


class StudyFolder:
    """The folder `study` of a sweep that is a search.

    Args:
        sweep: the sweep's folder.
    """

    def __init__(self, sweep: Path) -> None:
        self.sweep, self.path = sweep, sweep / "study"
        self._mine = f"{uuid4().hex}.owner"

    @property
    def exists(self) -> bool:
        """Whether the sweep is a search."""
        return any((self.path / file).is_file() for file in FILES.values())

    @contextmanager
    def opened(self, kind: str, space: str, pruner: Mapping[str, Any], direction: str) -> Iterator[Study]:
        """The study, made where there is none; this process owns the trials that it begins until the block ends.

        Args:
            kind: of storage, one of `FILES`.
            space: what is searched, as text; one folder holds one space.
            pruner: the node that builds the pruner, which trials read from here.
            direction: `minimize` or `maximize`.

        Raises:
            EcgError: Optuna is not installed, the folder cannot be written, or it holds a search of something else.
        """
        optuna = import_optuna()
        mine = FileLock(self.path / self._mine)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with self.lock:
                mine.acquire(timeout=0)
                self._forget_dead()
        except OSError as error:
            raise EcgError(f"cannot write {self.path}: {error.strerror}; choose another output_dir=") from None
        try:
            with self.lock:
                study = optuna.create_study(
                    storage=self._storage(kind), study_name=NAME, direction=direction, load_if_exists=True
                )
                if (held := study.user_attrs.get(SPACE, space)) != space:
                    raise EcgError(f"{self.path} holds a search of another space: {_difference(held, space)}")
                study.set_user_attr(SPACE, space)
                study.set_user_attr(PRUNER, dict(pruner))
            yield study
        finally:
            mine.release()
            (self.path / self._mine).unlink(missing_ok=True)

    @property
    def lock(self) -> FileLock:
        """Held while a trial is begun: processes that share the study then draw from the same past."""
        return FileLock(self.path / ".lock")

    def begin(
        self,
        study: Study,
        space: Mapping[str, BaseDistribution],
        sampler: Callable[[int], BaseSampler],
        *,
        most: int,
        not_again: set[int],
    ) -> Trial | None:
        """A trial whose process is gone, or else a new one; None where there are enough.

        Args:
            study: as `opened` gave it.
            space: distributions by setting.
            sampler: makes the sampler for the trial of a number. A search that is broken off and goes on then draws
                what it would have drawn.
            most: number of trials of the whole study, in all processes.
            not_again: numbers of trials that this process has tried already.
        """
        optuna = import_optuna()
        with self.lock:
            trials = study.get_trials(deepcopy=False)
            for one in trials:
                running = one.state == optuna.trial.TrialState.RUNNING and one.number not in not_again
                if running and not self._owned(one):
                    return self._claimed(optuna.trial.Trial(study, one._trial_id))
            begun = [one for one in trials if one.state != optuna.trial.TrialState.WAITING]
            if len(begun) >= most:
                return None
            study.sampler = sampler(len(begun))
            return self._claimed(study.ask(fixed_distributions=dict(space)))

    def _claimed(self, trial: Trial) -> Trial:
        trial.set_user_attr(OWNER, self._mine)
        return trial

    def _owned(self, trial: FrozenTrial) -> bool:
        """Whether the process that runs a trial lives."""
        owner = self.path / str(trial.user_attrs.get(OWNER, ""))
        return owner.name == self._mine or (owner.is_file() and _held(owner))

    def _forget_dead(self) -> None:
        """Remove what processes that were killed have left; `lock` is held, so none is just beginning."""
        for owner in self.path.glob("*.owner"):
            if owner.name != self._mine and not _held(owner):
                owner.unlink(missing_ok=True)

    def trial(self, number: int) -> Trial:
        """A trial within the process that runs it, with the study's pruner.

        Raises:
            EcgError: there is no such trial, or Optuna is not installed.
        """
        optuna = import_optuna()
        kind = next((kind for kind, file in FILES.items() if (self.path / file).is_file()), "journal")
        study = optuna.load_study(study_name=NAME, storage=self._storage(kind))
        study.pruner = built(PRUNER, study.user_attrs[PRUNER])
        try:
            found: Trial = optuna.trial.Trial(study, study.get_trials(deepcopy=False)[number]._trial_id)
        except IndexError:
            raise EcgError(f"{self.path} has no trial {number}") from None
        return found

    def _storage(self, kind: str) -> BaseStorage:
        from optuna.storages import JournalStorage, RDBStorage
        from optuna.storages.journal import JournalFileBackend

        file = self.path / FILES[kind]
        try:
            if kind == "journal":
                return JournalStorage(JournalFileBackend(str(file)))
            return RDBStorage(f"sqlite:///{file}", engine_kwargs={"connect_args": {"timeout": 60}})
        except Exception as error:  # whatever SQLAlchemy or a damaged journal raises
            said = next(iter(str(error).splitlines()), repr(error))
            raise EcgError(f"{file}: cannot be used as a search's storage ({said})") from None


def _held(owner: Path) -> bool:
    """Whether a process holds the file; the system lets go of it when the process ends, however it ends."""
    try:
        with FileLock(owner, timeout=0):
            return False
    except Timeout:
        return True


def trial_number(job: Job) -> int | None:
    """The number of the trial that a job is; None for one that belongs to no search."""
    if job.sweep is None or not StudyFolder(job.sweep).exists:
        return None
    number = job.folder.name.partition("_")[0]
    return int(number) if number.isdigit() else None


def trial_of(job: Job) -> Trial | None:
    """The trial that a job is; None for one that belongs to no search.

    Raises:
        EcgError: its study is damaged, or Optuna is not installed.
    """
    number = trial_number(job)
    return None if number is None or job.sweep is None else StudyFolder(job.sweep).trial(number)


def outcome(folder: Path) -> tuple[str, float | None]:
    """How a trial's run ended, by its folder alone: `finished`, `pruned`, `failed` or `unfinished`, and its value."""
    files = RunFolder(folder)
    if files.metrics.is_file():
        said = read_json(files.metrics)
        value = next((number for key, number in said.items() if key.startswith("best/")), None)
        state = "pruned" if "pruned_after" in said else "finished" if isinstance(value, float | int) else "failed"
        return state, float(value) if isinstance(value, float | int) else None
    return ("failed" if files.error.is_file() else "unfinished"), None


def import_optuna() -> Any:
    """Optuna, quiet about what is said here in other words.

    Raises:
        EcgError: it is not installed.
    """
    try:
        import optuna
    except ModuleNotFoundError:
        raise EcgError(INSTALL) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def built(what: str, node: Mapping[str, Any], **given: Any) -> Any:
    """The `sampler` or `pruner` that a node describes.

    Raises:
        EcgError: there is none of that name, or it refuses its settings.
    """
    from ecg.config.build import build

    return build(node, f"hydra.sweeper.{what}", **given)


def _difference(held: str, wanted: str) -> str:
    """The first setting in which two spaces differ."""
    there, now = json.loads(held), json.loads(wanted)
    key = next(key for key in sorted({*there, *now}) if there.get(key) != now.get(key))
    said = f"{key}={there.get(key, 'not there')}, now {now.get(key, 'not there')}"
    return f"{said}; choose another hydra.sweep.dir, or leave it out"
