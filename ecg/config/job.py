"""What Hydra knows of a running job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        folder: the run folder.
        overrides: what the user typed.
        resume: whether the folder's run is to be continued.
        sweep: the sweep's folder, None for a single run.
        layers: every `transfer.trainable_layers` of the sweep; its jobs share what frozen layers give.
    """

    folder: Path
    overrides: tuple[str, ...] = ()
    resume: bool = False
    sweep: Path | None = None
    layers: tuple[int, ...] = ()

    @staticmethod
    def current() -> Job:
        """The job that Hydra is running."""
        hydra = HydraConfig.get()
        sweep = Path(hydra.sweep.dir) if hydra.mode == RunMode.MULTIRUN else None
        overrides = tuple(hydra.overrides.task)
        resume = any(o.startswith("resume=") and o not in ("resume=", "resume=null") for o in overrides)
        return Job(Path(hydra.runtime.output_dir), overrides, resume, sweep)
