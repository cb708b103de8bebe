"""Sweeps: the same command goes on in the same folder, finished jobs are skipped, broken ones resumed."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from filelock import FileLock
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ecg.atomic import whole_text
from ecg.config import RunConfig
from ecg.errors import EcgError
from ecg.runs.folder import RunFolder, read_json, write_json
from ecg.runs.job import Job
from ecg.runs.provenance import code_state, other_code
from ecg.runs.reading import read_yaml

log = logging.getLogger(__name__)

VARIABLE = "ECG_SWEEP"
"""Environment variable that tells worker processes of a launcher which sweep they belong to."""
MARK = "sweep.json"
"""In the sweep's folder: the settings that were typed, and the code that they were typed for."""
LAYERS = "transfer.trainable_layers"
_NOT_THE_SWEEP = (
    "-m", "--multirun", "hydra/launcher=", "hydra.launcher.", "hydra.sweeper.n_trials=", "hydra.sweeper.n_jobs=",
    "rerun=", "threads=",
)  # fmt: skip
_ONLY_SHOWN = ("--cfg", "-c", "--info", "-i", "--help", "--hydra-help")


class SweepFolder(Callback):
    """Remembers the folder of the sweep that this process runs, for the table at its end.

    Attributes:
        last: the sweep's folder; None where there is no sweep.
        skipped: names of the folders of jobs that were finished before.
        elsewhere: jobs that another process runs, by the name of the folder, and which process.
    """

    last: ClassVar[Path | None] = None
    skipped: ClassVar[set[str]] = set()
    elsewhere: ClassVar[dict[str, str]] = {}

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Take the folder from Hydra, and tell the jobs which numbers of layers there will be."""
        SweepFolder.last = Path(config.hydra.sweep.dir)
        os.environ[VARIABLE] = json.dumps({**_told(), "layers": _layers(config)})


def register() -> None:
    """Make the folder's resolver known to Hydra."""
    OmegaConf.register_new_resolver("ecg.sweep", sweep_folder, replace=True)


def settings(words: Sequence[str]) -> list[str]:
    """What makes a sweep the same as another: the settings typed, in any order, however they are launched."""
    return sorted(word for word in words if not word.startswith(_NOT_THE_SWEEP))


def sweep_folder(output_dir: str, rerun: bool) -> str:
    """Folder of the sweep that was typed: where the same one was begun before, or a new one.

    Processes that ask at the same time get the same folder. One of another commit is left as it is, and that is said.
    """
    if "folder" in (told := _told()):
        return str(told["folder"])
    typed, parent = settings(sys.argv[1:]), Path(output_dir) / "multirun"
    new = parent / datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
    if any(word in sys.argv for word in _ONLY_SHOWN):
        return str(new)
    parent.mkdir(parents=True, exist_ok=True)
    with FileLock(parent / ".lock"):
        folder = (None if rerun else _begun(parent, typed)) or new
        if folder == new:
            write_json(new / MARK, {"settings": typed, **code_state()})
    os.environ[VARIABLE] = json.dumps({"folder": str(folder), "settings": typed})
    return str(folder)


def _begun(parent: Path, typed: list[str]) -> Path | None:
    """The newest folder that the same sweep has with the code of now."""
    for mark in sorted(parent.glob(f"*/{MARK}"), reverse=True):
        try:
            said = read_json(mark)
        except EcgError:
            continue
        if said.get("settings") == typed:
            if not (why := other_code(said)):
                return mark.parent
            log.warning("%s holds the same sweep, but was %s: a new one is started", mark.parent, why)
            return None
    return None


def remove_unbegun(folder: Path) -> bool:
    """Remove the folder of a sweep that was refused before any job wrote a file; returns whether it was refused so.

    A folder that holds anything else is the user's own.
    """
    inside = list(folder.iterdir()) if folder.is_dir() else []
    files = {path.name for path in inside if not path.is_dir()}
    below = {path.name for path in folder.glob("*/*")}
    if not below <= {"train.log", ".hydra", ".lock"}:
        return False
    if files <= {MARK, "multirun.yaml"}:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def take_up(config: RunConfig, job: Job) -> tuple[Job, float | None]:
    """What is left to do of a sweep's job; its folder must be held (`ecg.runs.lock.running`).

    Returns:
        The job, to be resumed where it was broken off; and its objective if it is finished already, else None.

    Raises:
        EcgError: its folder holds a run with other settings, of other code or of other recordings.
    """
    assert job.sweep is not None
    folder = RunFolder(job.folder)
    folder.error.unlink(missing_ok=True)
    job = replace(job, layers=tuple(_told().get("layers", ())))
    if not folder.config.is_file():
        return job, None
    if why := _differs(config, folder):
        raise EcgError(f"{job.folder} is not taken for this job: {why}; rerun=true starts the sweep anew")
    if not folder.metrics.is_file():
        log.info("going on with %s", job.folder.name)
        return replace(job, resume=True), None
    SweepFolder.skipped.add(job.folder.name)
    log.info("%s is finished already; rerun=true starts the sweep anew", job.folder.name)
    value = read_json(folder.metrics).get(f"best/{config.monitor}")
    return job, float("nan") if value is None else float(value)


def _differs(config: RunConfig, folder: RunFolder) -> str:
    """Why a folder's run is not the one that was typed now; empty if it is."""
    before, now = read_yaml(folder.config), config.as_dict()
    if not isinstance(before, dict):
        return f"{folder.config} is damaged"
    if changed := [key for key in now if key not in ("rerun", "threads") and before.get(key) != now[key]]:
        return f"it holds a run with other settings ({', '.join(changed)})"
    if not folder.provenance.is_file():  # it was killed as soon as it began, or somebody removed the file
        return f"it is finished, but has no {folder.provenance.name}" if folder.metrics.is_file() else ""
    said = read_json(folder.provenance)
    if why := other_code(said):
        return f"it was {why}"
    mark, wanted = said.get("data_fingerprint"), _fingerprint(config)
    if wanted is not None and mark != wanted:
        return f"its recordings were others (fingerprint {str(mark)[:8]}, now {wanted[:8]})"
    return ""


_FINGERPRINTS: dict[str, str | None] = {}
"""Of the data that this process has looked at: every job of a sweep asks again."""


def _fingerprint(config: RunConfig) -> str | None:
    """That of the recordings there are now; None where they would have to be downloaded."""
    key = repr((config.dataset, config.data_dir, config.cache_dir))
    if key not in _FINGERPRINTS:
        data = config.data()
        _FINGERPRINTS[key] = data.fingerprint() if data.at_hand() else None
    return _FINGERPRINTS[key]


def failed(job: Job, message: str) -> None:
    """Keep the reason in the job's folder, for the table at the end and for `ecg compare`."""
    whole_text(RunFolder(job.folder).error, f"{message}\n{' '.join(job.overrides)}\n")


def _layers(config: DictConfig) -> list[int]:
    """Every value of `transfer.trainable_layers` in a sweep, from the command line or else its configuration."""
    params = config.hydra.sweeper.get("params") or {}
    words = [*(f"{name}={value}" for name, value in params.items()), *config.hydra.overrides.task]
    values: Iterable[str] = ()
    for one in OverridesParser.create().parse_overrides(words):
        if one.key_or_group == LAYERS:
            values = one.sweep_string_iterator() if one.is_sweep_override() else [str(one.value())]
    return [int(value) for value in values if value.isdigit()]


def _told() -> Mapping[str, Any]:
    """What is known of the sweep; without folder and settings where the user chose `hydra.sweep.dir`."""
    return dict(json.loads(os.environ.get(VARIABLE) or "{}"))
