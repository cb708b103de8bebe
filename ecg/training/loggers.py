"""Loggers of a run: Weights & Biases by default, any other of Lightning's, several at once; closed whatever happens."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pytorch_lightning.loggers import Logger
from requests.utils import get_netrc_auth

from ecg.checks import one_of
from ecg.config.build import build
from ecg.config.signature import signature
from ecg.targets import locate

if TYPE_CHECKING:
    from pytorch_lightning.loggers import WandbLogger

log = logging.getLogger(__name__)

MODES = ("auto", "online", "offline", "disabled")


class RunFacts(NamedTuple):
    """What loggers are told of a run.

    Attributes:
        name: says what the run is.
        run_id: its identity in W&B, kept on resume.
        group: the sweep that it belongs to.
        tags: beside the user's own.
        job_type: scratch, pretrain, transfer or compare.
        config: nested plain dictionary.
        folder: the run folder; loggers' files go below it.
    """

    name: str
    run_id: str
    group: str | None
    tags: tuple[str, ...]
    job_type: str
    config: Mapping[str, Any]
    folder: Path


class Loggers:
    """The open loggers of a job.

    Attributes:
        all: for a trainer.
        wandb: the W&B logger among them, if there is one.
        others: the rest.
    """

    def __init__(self, opened: Sequence[Logger]) -> None:
        from pytorch_lightning.loggers import WandbLogger

        self.all = list(opened)
        self.wandb: WandbLogger | None = next((one for one in self.all if isinstance(one, WandbLogger)), None)
        self.others = [one for one in self.all if one is not self.wandb]

    def figures(self, drawn: Mapping[str, Path]) -> None:
        """Log PNG files to W&B as images under `report/<name>`."""
        if self.wandb is not None:
            import wandb

            self.wandb.experiment.log({f"report/{name}": wandb.Image(str(path)) for name, path in drawn.items()})

    def summary(self, values: Mapping[str, object]) -> None:
        """The run's headline values: W&B's summary, and metrics for the other loggers."""
        if self.wandb is not None:
            self.wandb.experiment.summary.update({k: v for k, v in values.items() if isinstance(v, int | float | str)})
        numbers = {k: float(v) for k, v in values.items() if isinstance(v, int | float) and k.startswith("test/")}
        for one in self.others:
            one.log_metrics(numbers)

    def where(self) -> str:
        """How a person looks at the run: a link, or the command that shows or uploads it."""
        others = [type(one).__name__.removesuffix("Logger") for one in self.others]
        also = f"\nalso logged to: {', '.join(others)}" if others else ""
        if self.wandb is None:
            return f"Weights & Biases is off (logger=wandb logger.wandb.mode=offline turns it on){also}"
        run = self.wandb.experiment
        if not run.offline:
            return f"Weights & Biases: {run.url}{also}"
        stored = Path(run.dir).parent
        parts = sorted(stored.parent.glob(f"offline-run-*-{run.id}"))  # a resumed run has one per start
        paths = [quote(str(p.relative_to(Path.cwd()) if p.is_relative_to(Path.cwd()) else p)) for p in parts]
        ways = f"  show    wandb leet {paths[-1]}\n  upload  wandb sync {' '.join(paths)}"
        return f"Weights & Biases, offline:\n{ways}{also}"


@contextmanager
def opened(nodes: Mapping[str, Mapping[str, Any] | None], run: RunFacts) -> Iterator[Loggers]:
    """The loggers that the nodes describe; they are finished when the block ends, and told of an exception.

    Without that, all jobs of a multirun would land in one W&B run.

    Raises:
        EcgError: a logger refuses its settings, or needs a package that is not installed.
    """
    made: list[Logger] = []
    status = "failed"
    try:
        for name, node in nodes.items():
            made += _open(name, node, run)
        loggers = Loggers(made)
        for one in loggers.others:
            one.log_hyperparams(dict(run.config))
        yield loggers
        status = "success"
    finally:
        loggers = Loggers(made)
        for one in loggers.others:
            one.finalize(status)
        if loggers.wandb is not None:
            import wandb

            wandb.finish(exit_code=0 if status == "success" else 1)


def _open(name: str, node: Mapping[str, Any] | None, run: RunFacts) -> list[Logger]:
    if node is None:
        return []
    takes = signature(locate(node["_target_"], f"logger.{name}._target_")).parameters
    given: dict[str, Any] = {"run": run, "run_name": run.name}
    if "save_dir" in takes:
        usual = takes["save_dir"].default  # `./mlruns` of MLflow
        given["save_dir"] = str(run.folder / Path(usual).name if isinstance(usual, str) else run.folder)
    made = build(node, f"logger.{name}", **given)
    return [] if made is None else [made]


def wandb_logger(
    run: RunFacts,
    *,
    mode: Literal["auto", "online", "offline", "disabled"] = "auto",
    project: str | None = None,
    entity: str | None = None,
    group: str | None = None,
    tags: list[str] | None = None,
) -> WandbLogger | None:
    """A logger with its W&B run; None where the mode is `disabled`.

    Args:
        run: what it is told.
        mode: auto is what WANDB_MODE says, else online where an API key is configured, else offline.
        project: None: WANDB_PROJECT, else `ecg`.
        entity: account or team; None: the key's own.
        group: runs to be compared; None: the sweep's folder in a sweep.
        tags: beside the run's own.
    """
    one_of("mode", mode, MODES)
    resolved = resolve_mode(mode)
    if resolved == "disabled":
        return None
    import wandb

    named: dict[str, Any] = {
        "project": project or os.environ.get("WANDB_PROJECT") or "ecg",
        "entity": entity,
        "group": group or os.environ.get("WANDB_RUN_GROUP") or run.group,
        "tags": [*(tags or ()), *run.tags],
    }
    try:
        made = _start(run, resolved, named)
    except wandb.errors.Error as error:
        if resolved != "online":
            raise
        log.warning("W&B cannot be reached (%s); this run is kept offline", str(error).splitlines()[0])
        wandb.teardown(exit_code=1)
        made, resolved = _start(run, "offline", named), "offline"
    log.info("W&B run %s (%s, id %s)", run.name, resolved, made.experiment.id)
    return made


def _start(run: RunFacts, mode: str, named: Mapping[str, Any]) -> WandbLogger:
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    # not WandbLogger(offline=True): that sets WANDB_MODE for every later run of this process
    opened_run = wandb.init(
        name=run.name,
        dir=os.environ.get("WANDB_DIR") or run.folder,
        job_type=run.job_type,
        id=agents_run() or run.run_id,
        resume="allow" if mode == "online" else None,
        mode=cast(Literal["online", "offline"], mode),
        config=dict(run.config),
        settings=wandb.Settings(silent=True, init_timeout=60, reinit="finish_previous"),
        **named,
    )
    return WandbLogger(experiment=opened_run)


def agents_run() -> str | None:
    """The run that a W&B agent began for this process: its identity is the run's."""
    return os.environ.get("WANDB_RUN_ID") or None


def resolve_mode(wanted: str) -> str:
    """`auto` is what WANDB_MODE says, else online where an API key is configured, else offline."""
    if wanted != "auto":
        return wanted
    named = {"dryrun": "offline"}.get(os.environ.get("WANDB_MODE", ""), os.environ.get("WANDB_MODE"))
    if named in ("online", "offline", "disabled"):
        return named
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    return "online" if os.environ.get("WANDB_API_KEY") or get_netrc_auth(host) else "offline"


def wandb_environment() -> dict[str, object]:
    """What the environment asks of W&B, for provenance.json; empty where it asks nothing."""
    names = ("PROJECT", "ENTITY", "DIR", "MODE", "RUN_GROUP", "RUN_ID", "SWEEP_ID")
    return {f"WANDB_{name}": said for name in names if (said := os.environ.get(f"WANDB_{name}"))}
