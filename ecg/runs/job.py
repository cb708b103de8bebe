"""What Hydra knows of a running job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode

from ecg.errors import EcgError


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
        """The job that Hydra is running.

        Raises:
            EcgError: `resume` was typed in a way that would start a new run in the old one's folder.
        """
        hydra = HydraConfig.get()
        sweep = Path(hydra.sweep.dir) if hydra.mode == RunMode.MULTIRUN else None
        overrides = tuple(hydra.overrides.task)
        resume = False
        for one in OverridesParser.create().parse_overrides(list(overrides)):
            if one.key_or_group == "resume":
                if one.is_add() or one.is_force_add() or one.is_delete():
                    raise EcgError(f"{one.input_line}: write resume=RUN")
                resume = one.value() not in ("", None)
        folder = Path(hydra.runtime.output_dir)  # absolute; as the user would write it where that is possible
        here = Path.cwd()
        return Job(folder.relative_to(here) if folder.is_relative_to(here) else folder, overrides, resume, sweep)
