"""A comparison in W&B: its tables and figures as one run beside those it compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from ecg.compare.files import Part, run_rows, summary_rows
from ecg.runs.run import Run
from ecg.training.loggers import RunFacts, opened


def log_comparison(root: Path, where: Path, runs: Sequence[Run], parts: Sequence[Part]) -> str:
    """Log tables and figures as a run of job_type `compare`, in the sweep's group and its runs' project.

    Args:
        root: the sweep's folder; its name is the W&B group that its jobs have.
        where: the comparison's folder; W&B's files go to `wandb/` in it.
        runs: all.
        parts: groups of comparable ones, whose figures are in `where`.

    Returns:
        How a person looks at it: a link, or the commands that show and upload it.
    """
    name, groups = root.resolve().name, [part.group for part in parts]
    node = {"_target_": "ecg.training.wandb_logger"}
    node |= {key: value for key in ("project", "entity", "group") if (value := _common(runs, f"logger.wandb.{key}"))}
    told = RunFacts(
        name=f"compare-{name}",
        run_id=uuid4().hex[:12],
        group=name,
        tags=("simulated",) if any(group.simulated for group in groups) else (),
        job_type="compare",
        config={"runs": [run.name for run in runs], "groups": [group.title for group in groups]},
        folder=where,
    )
    with opened({"wandb": node}, told) as loggers:
        if loggers.wandb is not None:
            tables = {"runs": run_rows(runs), "settings": summary_rows(groups)}
            loggers.wandb.experiment.log({f"compare/{key}": _table(rows) for key, rows in tables.items() if rows})
        loggers.figures({Path(file).stem: where / file for part in parts for file in part.files})
        return loggers.where()


def _common(runs: Sequence[Run], key: str) -> str | None:
    """The value that all runs with the key share, if they do."""
    values = {str(value) for run in runs if (value := run.settings.get(key))}
    return values.pop() if len(values) == 1 else None


def _table(rows: Sequence[Mapping[str, object]]) -> object:
    import wandb

    columns: list[str | int] = list(dict.fromkeys(key for row in rows for key in row))
    data: list[Iterable[object]] = [[row.get(str(key)) for key in columns] for row in rows]
    return wandb.Table(columns=columns, data=data, allow_mixed_types=True)
