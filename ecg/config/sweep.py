"""Sweeps: the same command goes on in the same folder, finished jobs are skipped, broken ones resumed."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ecg.atomic import whole_file
from ecg.config import compose
from ecg.config.job import Job
from ecg.config.root import RunConfig
from ecg.errors import EcgError
from ecg.training.folder import RunFolder, read_json

log = logging.getLogger(__name__)

VARIABLE = "ECG_SWEEP"
"""Environment variable that tells worker processes of a launcher which sweep they belong to."""
MARK = "sweep.json"
"""In the sweep's folder: the settings that were typed."""
LAYERS = "transfer.trainable_layers"
_NOT_THE_SWEEP = ("-m", "--multirun", "hydra/launcher=", "hydra.launcher.", "rerun=")


class SweepFolder(Callback):
    """Remembers the folder of the sweep that this process runs, for the table at its end.

    Attributes:
        last: the sweep's folder; None where there is no sweep.
        skipped: names of the folders of jobs that were finished before.
    """

    last: ClassVar[Path | None] = None
    skipped: ClassVar[set[str]] = set()

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
    """Folder of the sweep that was typed: where the same one was begun before, or a new one."""
    if "folder" in (told := _told()):
        return str(told["folder"])
    typed, parent = settings(sys.argv[1:]), Path(output_dir) / "multirun"
    begun = [] if rerun else [mark.parent for mark in sorted(parent.glob(f"*/{MARK}")) if _settings_in(mark) == typed]
    folder = begun[-1] if begun else parent / datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
    os.environ[VARIABLE] = json.dumps({"folder": str(folder), "settings": typed})
    return str(folder)


def take_up(config: RunConfig, job: Job) -> tuple[Job, float | None]:
    """What is left to do of a sweep's job.

    Returns:
        The job, to be resumed where it was broken off; and its objective if it is finished already, else None.

    Raises:
        EcgError: its folder holds a run with other settings.
    """
    assert job.sweep is not None
    RunFolder(job.folder).error.unlink(missing_ok=True)
    _mark(job.sweep)
    folder = RunFolder(job.folder)
    job = replace(job, layers=tuple(_told().get("layers", ())))
    if not folder.config.is_file():
        return job, None
    before, now = compose.as_dict(compose.load(folder.config)), compose.as_dict(config)
    changed = [key for key in now if key != "rerun" and before.get(key) != now[key]]
    if changed:
        raise EcgError(
            f"{job.folder} holds a run of this sweep with other settings ({', '.join(changed)}); "
            "rerun=true starts the sweep anew"
        )
    if not folder.metrics.is_file():
        log.info("going on with %s", job.folder.name)
        return replace(job, resume=True), None
    SweepFolder.skipped.add(job.folder.name)
    log.info("%s is finished already; rerun=true starts the sweep anew", job.folder.name)
    value = read_json(folder.metrics).get(f"best/{config.trainer.monitor}")
    return job, float("nan") if value is None else float(value)


def failed(job: Job, message: str) -> None:
    """Keep the reason in the job's folder, for the table at the end and for `ecg compare`."""
    with whole_file(RunFolder(job.folder).error) as temporary:
        temporary.write_text(f"{message}\n{' '.join(job.overrides)}\n")


def _layers(config: DictConfig) -> list[int]:
    """Every value of `transfer.trainable_layers` in a sweep, from the command line or else its configuration."""
    params = config.hydra.sweeper.get("params") or {}
    words = [*(f"{name}={value}" for name, value in params.items()), *config.hydra.overrides.task]
    given = [o for o in OverridesParser.create().parse_overrides(words) if o.key_or_group == LAYERS]
    if not given:
        return []
    last = given[-1]
    values = last.sweep_string_iterator() if last.is_sweep_override() else [str(last.value())]
    return [int(value) for value in values if value.isdigit()]


def _told() -> dict[str, Any]:
    """What is known of the sweep; without folder and settings where the user chose `hydra.sweep.dir`."""
    known: dict[str, Any] = json.loads(os.environ.get(VARIABLE) or "{}")
    return known


def _mark(folder: Path) -> None:
    path = folder / MARK
    if "settings" in (told := _told()) and not path.exists():
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(told["settings"]) + "\n")


def _settings_in(mark: Path) -> list[str] | None:
    try:
        return list(json.loads(mark.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
