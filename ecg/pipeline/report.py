"""What a run leaves behind: weights, figures, tables, numbers, and the way on."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

import numpy as np
from rich.console import Console

from ecg.beats.segmentations import settings_of
from ecg.config import RunConfig
from ecg.data.module import BeatData
from ecg.page import write_page
from ecg.pipeline.diagnosis import THRESHOLD
from ecg.pipeline.fitting import Fitted
from ecg.report.results import Results, described, write_results
from ecg.report.run_page import run_page
from ecg.report.run_report import run_figures
from ecg.report.summary import tell_summary, write_summary
from ecg.runs.folder import RunFolder, read_json, write_json
from ecg.runs.weights import save_weights, travelling
from ecg.training.loggers import Loggers
from ecg.training.trainer import limit_of
from ecg.transfer import Start


def report_run(
    config: RunConfig,
    results: Results | None,
    fitted: Fitted,
    data: BeatData,
    start: Start,
    folder: RunFolder,
    loggers: Loggers,
    *,
    job_type: str,
    seconds: float,
) -> None:
    """Weights, figures and tables into the folder, the headline into W&B, the table and the way on to the screen.

    Where nothing was tested (`results` is None), weights and what validation says of them are all there is.
    """
    facts = _facts(config, fitted, start, job_type=job_type, seconds=seconds)
    if results is None:
        facts |= {"tested": False, **_validated(fitted)}
    elif results.patients is not None:
        facts[THRESHOLD] = float(results.patients["threshold_model"].iloc[0])
    quality = travelling(results.metrics, data.info.classes) if results is not None else {}
    save_weights(
        folder.weights,
        start.model.state_dict(),
        info=data.info,
        model=config.model,
        segmentation=settings_of(data.segmentation),
        training={**facts, **quality, **_trained_on(data)},
        labelling=config.labelling,
    )
    if results is None:
        loggers.summary({"simulated": data.info.simulated, **facts})
        write_json(folder.metrics, {**described(data.info), **facts})
        _show_validated(config, facts, folder, loggers)
    else:
        _report_tested(config, results, facts, fitted, data, folder, loggers)


def _report_tested(
    config: RunConfig,
    results: Results,
    facts: dict[str, Any],
    fitted: Fitted,
    data: BeatData,
    folder: RunFolder,
    loggers: Loggers,
) -> None:
    history = fitted.history
    figures = run_figures(results, history.table, data.source, best_epoch=history.best_epoch, title=config.name)
    drawn = write_summary(results, figures, folder)
    loggers.figures(drawn)
    loggers.summary({**results.shown, "simulated": results.info.simulated, **facts})
    made = run_page(
        config.name,
        results,
        drawn,
        facts=facts,
        config=config.as_dict(),
        provenance=read_json(folder.provenance),
        where=loggers.where(),
    )
    write_page(folder.page, made)
    write_results(results, folder, facts)
    _show(config, results, folder, loggers)


def _validated(fitted: Fitted) -> dict[str, float]:
    """What validation says at the best epoch."""
    table, best = fitted.history.table, fitted.history.best_epoch
    if best is None:
        return {}
    row = table[table["epoch"] == best].iloc[0]
    return {str(key): float(value) for key, value in row.items() if str(key).startswith("val/")}


def _trained_on(data: BeatData) -> dict[str, list[str]]:
    """Records and patients that trained or chose the epoch, where the split keeps patients apart."""
    split, beats = data.divided
    if not split.by_patient:
        return {}
    used = np.concatenate([split.train, split.val])
    return {f"trained_{name}s": np.unique(beats.columns[name][used]).tolist() for name in ("record", "patient")}


def _show(config: RunConfig, results: Results, folder: RunFolder, loggers: Loggers) -> None:
    """The tables and the way on, on the screen."""
    console = Console()
    tell_summary(console, results, results.table_context)
    if limit_of(config.trainer) is not None:
        console.print("[bold]Epochs were limited to some batches: these numbers are no results.[/bold]")
    where = quote(str(folder.path))
    label = "" if results.info.dataset == "mi" else f"ecg predict FILE --weights {where}, or "
    said = f"run folder: {folder.path}\nreport: {folder.page}\n{loggers.where()}\nnext: {label}ecg explain {where}"
    console.print(said, highlight=False, markup=False, soft_wrap=True)


def _show_validated(config: RunConfig, facts: Mapping[str, Any], folder: RunFolder, loggers: Loggers) -> None:
    """The one number there is without a test, and the way on."""
    value, after = facts[f"best/{config.monitor}"], facts.get("pruned_after")
    stopped = f"stopped by the search after epoch {after}; " if after else ""
    said = f"{stopped}best {config.monitor}: {value:.4f} (epoch {facts['best_epoch'] or 1}); not tested"
    print(f"{said}\nrun folder: {folder.path}\n{loggers.where()}", flush=True)


def _facts(config: RunConfig, fitted: Fitted, start: Start, *, job_type: str, seconds: float) -> dict[str, Any]:
    """What metrics.json says beside the scores."""
    parameters, history = list(start.model.parameters()), fitted.history
    return {
        "name": config.name,
        "job_type": job_type,
        "model": config.model_name,
        "seed": config.seed,
        "params/total": sum(p.numel() for p in parameters),
        "params/trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "time/fit_s": round(history.seconds + fitted.probe_s, 2),
        "time/probe_s": round(fitted.probe_s, 2),
        "time/total_s": round(seconds, 2),
        "best_epoch": history.best_epoch,
        f"best/{config.monitor}": history.best,
        "limit_batches": limit_of(config.trainer),
        **({} if fitted.pruned_after is None else {"pruned_after": fitted.pruned_after}),
        **start.facts,
    }
