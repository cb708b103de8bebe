"""A report of W&B that shows what a sweep or a search found, made of its own charts.

W&B's views of a project start empty of what matters here: the score over the number of retrained layers, what it costs,
and whether validation chose well.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ecg.compare.measures import SUBJECT_LEVEL
from ecg.errors import EcgError
from ecg.metrics.baselines import NAMES

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2.interface import Report

INSTALL = "ecg wandb-report needs wandb-workspaces: pip install 'ecg-experiments[wandb-report]'"
SETTINGS = ("transfer.trainable_layers", "transfer.source")
AGE = "diagnosis/age_alone/auroc"
WIDTH, HEIGHT = 12, 9
"""Of a chart, in W&B's units; its grid is 24 wide."""


def wandb_report(
    project: str, *, score: str = SUBJECT_LEVEL, settings: Sequence[str] = SETTINGS, group: str | None = None
) -> Report:
    """The report, not saved yet: `.save()` sends it to the server and sets its `url`.

    Args:
        project: `ENTITY/PROJECT`.
        score: a number of the runs' summary; `val/...` draws nothing of the test subset.
        settings: keys of the runs' config; the first is what varies along the charts.
        group: of which runs; by default all of the project.

    Raises:
        EcgError: wandb-workspaces is missing, or the project is not named in full.
    """
    entity, _, name = project.partition("/")
    if not entity or not name or "/" in name:
        raise EcgError(f"ecg wandb-report: {project} names no project; write ENTITY/PROJECT, as in its address")
    if not settings:
        raise EcgError("ecg wandb-report: name one setting or more, e.g. --setting transfer.trainable_layers")
    wr = _library()
    only = {"filters": [import_module("wandb_workspaces.expr").Metric("Group") == group]} if group else {}
    runs = wr.Runset(entity=entity, project=name, name=group or "all runs", **only)
    said = f"`{score}` of the runs{f' of {group}' if group else ''}, over {', '.join(f'`{one}`' for one in settings)}."
    return wr.Report(  # type: ignore[no-any-return]
        entity=entity,
        project=name,
        title=f"{score} over {settings[0]}"[:128],
        description="Drawn by ecg wandb-report",
        width="fluid",
        blocks=[wr.MarkdownBlock(text=said), wr.PanelGrid(runsets=[runs], panels=_panels(wr, score, list(settings)))],
    )


def save_report(report: Report) -> str:
    """Send a report to the W&B server, and return its address.

    Raises:
        EcgError: nobody is logged in, the server does not answer, or it has no such project.
    """
    import wandb

    where = f"{report.entity}/{report.project}"
    try:
        known = {one.name for one in wandb.Api().projects(report.entity)}
        if report.project in known:
            report.save()
            return str(report.url)
    except Exception as error:  # wandb's own, requests', and plain Exceptions of wandb-workspaces
        said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EcgError(f"ecg wandb-report: {where}: W&B says: {said}") from error
    raise EcgError(f"ecg wandb-report: {report.entity} has no project {report.project}; {_there(known)}")


def _there(known: set[str]) -> str:
    return f"it has {', '.join(sorted(known))}" if known else "no project of that name can be seen from here"


def _library() -> Any:
    try:
        return import_module("wandb_workspaces.reports.v2")
    except ImportError as error:
        raise EcgError(INSTALL) from error


def _panels(wr: Any, score: str, settings: list[str]) -> list[Any]:
    """The charts, two in a row."""
    first, *others = settings
    mean: dict[str, Any] = {"groupby_aggfunc": "mean", "groupby_rangefunc": "minmax"}
    by = {"groupby": wr.Config(first), **mean}
    value, subset, scored = wr.SummaryMetric(score), *_validated(score)
    panels = [
        wr.BarPlot(title=f"{score}: mean and range", metrics=[score], orientation="v", title_x=first, **by),
        wr.ScatterPlot(title=f"{score} of each run", x=wr.Config(first), y=value, running_ymean=True),
        wr.ScatterPlot(title="what it costs", x=wr.SummaryMetric("params/trainable"), y=value, log_x=True),
        *[wr.BarPlot(title=f"{score} by {one}", metrics=[score], groupby=wr.Config(one), **mean) for one in others],
        wr.LinePlot(title=f"learning curves: {scored}", x="epoch", y=[scored], **by),
        wr.LinePlot(title="learning curves: val/loss", x="epoch", y=["val/loss"], **by),
        wr.ParallelCoordinatesPlot(
            title="settings and score",
            columns=[
                *[wr.ParallelCoordinatesPlotColumn(metric=wr.Config(one)) for one in settings],
                wr.ParallelCoordinatesPlotColumn(metric=value),
            ],
        ),
        wr.ParameterImportancePlot(with_respect_to=score),
    ]
    if subset != "val":
        beside = [f"baseline/{name}/{score}" for name in NAMES] + [AGE] * (score == SUBJECT_LEVEL)
        chosen = wr.SummaryMetric(f"best/{scored}")
        panels.append(wr.ScatterPlot(title="chosen by validation", x=chosen, y=value, regression=True))
        panels.append(wr.BarPlot(title="beside the baselines", metrics=[score, *beside], **by))
    for i, panel in enumerate(panels):
        panel.layout = wr.Layout(x=WIDTH * (i % 2), y=HEIGHT * (i // 2), w=WIDTH, h=HEIGHT)
    return panels


def _validated(score: str) -> tuple[str, str]:
    """The subset of a score, and the score of the validation beats that its models are chosen by."""
    subset, _, name = score.partition("/")
    return subset, f"val/{name}" if subset in ("val", "test") else "val/macro_f1"
