"""What a run leaves behind: weights, figures, tables, numbers, and the way on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console

from ecg.config import RunConfig, compose
from ecg.data.module import BeatData
from ecg.page import write_page
from ecg.report.protocols import protocol_markdown, protocol_table
from ecg.report.results import Results, write_results
from ecg.report.run_page import run_page
from ecg.report.run_report import run_figures
from ecg.report.save import save_figure
from ecg.report.subjects import comparison_markdown, comparison_table
from ecg.report.tables import class_table, class_table_markdown
from ecg.training.folder import RunFolder, read_json
from ecg.training.history import History
from ecg.training.tracking import Tracker
from ecg.training.weights import save_weights
from ecg.transfer import Start


def report_run(
    config: RunConfig,
    results: Results,
    history: History,
    data: BeatData,
    start: Start,
    folder: RunFolder,
    tracker: Tracker,
    *,
    job_type: str,
    seconds: float,
) -> None:
    """Weights, figures and tables into the folder, the headline into W&B, the table and the way on to the screen."""
    info = results.info
    facts = _facts(config, history, start, job_type=job_type, seconds=seconds)
    kept = ("/accuracy", "/balanced_accuracy", "/macro_f1", "/auroc", "/se", "/ppv", "/support")
    quality = {key: value for key, value in results.metrics.items() if key.startswith("test/") and key.endswith(kept)}
    cut = {"name": data.cut.name, **asdict(data.cut)}  # type: ignore[call-overload]
    save_weights(
        folder.weights,
        start.model.state_dict(),
        info=info,
        model=asdict(config.model),
        cut=cut,
        training={**facts, **quality},
    )
    figures = run_figures(results, history.table, data.source, best_epoch=history.best_epoch, title=config.name)
    drawn = {name: folder.report / f"{name}.png" for name in figures}
    for name, figure in figures.items():
        save_figure(figure, drawn[name])
    described: dict[str, str | float] = {"dataset": info.dataset, "split": info.split, "source": info.source}
    shown = {**described, **results.metrics}
    summary = class_table_markdown(shown, info.classes, results.intervals, results.table_context)
    beside = comparison_markdown(shown, info.classes, results.intervals)
    folder.summary.write_text(summary + beside + protocol_markdown(shown))
    tracker.figures(drawn)
    tracker.summary({**described, "simulated": info.simulated, **facts, **results.metrics})
    made = run_page(
        config.name,
        results,
        drawn,
        facts=facts,
        config=compose.as_dict(config),
        provenance=read_json(folder.provenance),
        where=tracker.where(),
    )
    write_page(folder.page, made)
    write_results(results, folder, facts)
    _show(config, results, folder, tracker)


def _show(config: RunConfig, results: Results, folder: RunFolder, tracker: Tracker) -> None:
    """The tables and the way on, on the screen."""
    info, intervals = results.info, results.intervals
    described: dict[str, str | float] = {"dataset": info.dataset, "split": info.split, "source": info.source}
    shown = {**described, **results.metrics}
    console = Console()
    console.print(class_table(shown, info.classes, intervals, results.table_context))
    for table in (comparison_table(shown, info.classes, intervals), protocol_table(shown)):
        if table is not None:
            console.print(table)
    if config.trainer.limit_batches is not None:
        console.print("[bold]trainer.limit_batches is set: these numbers are no results.[/bold]")
    console.print(
        f"run folder: {folder.path}\nreport: {folder.page}\n{tracker.where()}", highlight=False, soft_wrap=True
    )


def _facts(config: RunConfig, history: History, start: Start, *, job_type: str, seconds: float) -> dict[str, Any]:
    """What metrics.json says beside the scores."""
    parameters = list(start.model.parameters())
    return {
        "name": config.name,
        "job_type": job_type,
        "model": config.model.name,
        "seed": config.seed,
        "params/total": sum(p.numel() for p in parameters),
        "params/trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "time/fit_s": round(history.seconds, 2),
        "time/total_s": round(seconds, 2),
        "best_epoch": history.best_epoch,
        f"best/{config.trainer.monitor}": float(f"{history.best:.6g}"),  # as in history.csv, which a resumed run reads
        "limit_batches": config.trainer.limit_batches,
        **start.facts,
    }
