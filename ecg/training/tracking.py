"""Weights & Biases: one run per job, online or offline, closed whatever happens."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal, cast

from requests.utils import get_netrc_auth

if TYPE_CHECKING:
    from pytorch_lightning.loggers import WandbLogger

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrackedRun:
    """What W&B is told of a run.

    Attributes:
        name: says what the run is.
        run_id: its identity, kept on resume.
        mode: auto, online, offline or disabled.
        project, entity, group, tags: where it is filed.
        job_type: scratch, pretrain or transfer.
        config: nested plain dictionary.
        folder: the run folder; W&B's files go to `wandb/` in it.
    """

    name: str
    run_id: str
    mode: str
    project: str
    entity: str | None
    group: str | None
    tags: tuple[str, ...]
    job_type: str
    config: Mapping[str, Any]
    folder: Path


class Tracker:
    """The open W&B run of a job, or nothing where tracking is disabled."""

    def __init__(self, logger: WandbLogger | None, mode: str) -> None:
        self.logger, self.mode = logger, mode

    def figures(self, drawn: Mapping[str, Path]) -> None:
        """Log PNG files as images under `report/<name>`."""
        if self.logger is not None:
            import wandb

            self.logger.experiment.log({f"report/{name}": wandb.Image(str(path)) for name, path in drawn.items()})

    def summary(self, values: Mapping[str, object]) -> None:
        """Set the run's headline values."""
        if self.logger is not None:
            self.logger.experiment.summary.update({k: v for k, v in values.items() if isinstance(v, int | float | str)})

    def where(self) -> str:
        """How a person looks at the run: a link, or the command that shows or uploads it."""
        if self.logger is None:
            return "Weights & Biases is off (tracking.mode=disabled)"
        run = self.logger.experiment
        if self.mode == "online":
            return f"Weights & Biases: {run.url}"
        stored = Path(run.dir).parent
        parts = sorted(stored.parent.glob(f"offline-run-*-{run.id}"))  # a resumed run has one per start
        paths = [quote(str(p.relative_to(Path.cwd()) if p.is_relative_to(Path.cwd()) else p)) for p in parts]
        return f"Weights & Biases, offline:\n  show    wandb leet {paths[-1]}\n  upload  wandb sync {' '.join(paths)}"


def resolve_mode(wanted: str) -> str:
    """`auto` is what WANDB_MODE says, else online where an API key is configured, else offline."""
    if wanted != "auto":
        return wanted
    named = {"dryrun": "offline"}.get(os.environ.get("WANDB_MODE", ""), os.environ.get("WANDB_MODE"))
    if named in ("online", "offline", "disabled"):
        return named
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    return "online" if os.environ.get("WANDB_API_KEY") or get_netrc_auth(host) else "offline"


@contextmanager
def tracking(run: TrackedRun) -> Iterator[Tracker]:
    """Open the W&B run of a job; it is finished when the block ends, with exit code 1 after an exception.

    Without that, all jobs of a multirun would land in one W&B run.
    """
    mode = resolve_mode(run.mode)
    if mode == "disabled":
        yield Tracker(None, mode)
        return
    import wandb

    logger, mode = _open(run, mode)
    log.info("W&B run %s (%s, id %s)", run.name, mode, run.run_id)
    code = 1
    try:
        yield Tracker(logger, mode)
        code = 0
    finally:
        wandb.finish(exit_code=code)


def _open(run: TrackedRun, mode: str) -> tuple[WandbLogger, str]:
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    def start(mode: str) -> WandbLogger:
        # not WandbLogger(offline=True): that sets WANDB_MODE for every later run of this process
        opened = wandb.init(
            name=run.name,
            dir=run.folder,
            project=run.project,
            entity=run.entity,
            group=run.group,
            job_type=run.job_type,
            tags=list(run.tags),
            id=run.run_id,
            resume="allow" if mode == "online" else None,
            mode=cast(Literal["online", "offline"], mode),
            config=dict(run.config),
            settings=wandb.Settings(silent=True, init_timeout=60, reinit="finish_previous"),
        )
        return WandbLogger(experiment=opened)

    try:
        return start(mode), mode
    except wandb.errors.Error as error:
        if mode != "online":
            raise
        log.warning("W&B cannot be reached (%s); this run is kept offline", str(error).splitlines()[0])
        wandb.teardown(exit_code=1)
        return start("offline"), "offline"
