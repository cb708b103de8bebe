"""The folder of an evaluation: its name, and what is written into it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.page import write_page
from ecg.report.protocols import protocol_markdown
from ecg.report.results import Results, write_results
from ecg.report.run_page import run_page
from ecg.report.run_report import run_figures
from ecg.report.save import save_figure
from ecg.report.subjects import comparison_markdown
from ecg.report.tables import class_table_markdown
from ecg.training.folder import RunFolder, write_json
from ecg.training.weights import Weights

NAMED = ("dataset", "dataset.source", "dataset.split")
SILENT = ("data_dir", "cache_dir", "bootstrap")
"""Overrides that the folder's name holds already, and those that leave the evaluated beats as they are."""
EVALUATION = "evaluation.json"


def folder_name(info: DataInfo, side: str, overrides: Sequence[str]) -> str:
    """`arrhythmia-physionet-patients-test`, and what else was changed: `-synthetic.seed7`."""
    more = ""
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key not in (*NAMED, *SILENT):
            more += f"-{key.removeprefix('dataset.')}{value}"
    split = info.split.partition(",")[0]
    name = f"{info.dataset}-{info.source}-{split}-{side}" if side != "all" else f"{info.dataset}-{info.source}-all"
    return re.sub(r"[^\w.-]+", "_", name + more)


def check_folder(path: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, and always one that holds a run.

    Raises:
        EcgError: so it is.
    """
    run = RunFolder(path)
    if run.config.exists() or run.weights.exists():
        raise EcgError(f"{path} is a run's own folder; choose another --out")
    if path.is_file():
        raise EcgError(f"{path} is a file; choose another --out")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise EcgError(f"{path} holds something already; replace it with --force, or choose another --out")


def write_evaluation(
    folder: RunFolder,
    name: str,
    results: Results,
    data: BeatData,
    weights: Weights,
    *,
    facts: Mapping[str, object],
    described: Mapping[str, Any],
    where: str,
) -> None:
    """Write what a run writes of its test: figures, tables, page, predictions, and metrics.json last.

    Args:
        folder: where to.
        name: of the evaluation.
        results: of the evaluated beats.
        data: the evaluated data.
        weights: what was evaluated.
        facts: what metrics.json says beside the scores.
        described: how the evaluation was made, as in evaluation.json.
        where: words on the weights, for the page.
    """
    _remove_old(folder)
    write_json(folder.path / EVALUATION, described)
    figures = run_figures(results, pd.DataFrame(), data.source, best_epoch=None, title=name)
    del figures["learning_curves"]  # nothing was learned
    drawn = {key: folder.report / f"{key}.png" for key in figures}
    for key, figure in figures.items():
        save_figure(figure, drawn[key])
    info = results.info
    shown: dict[str, str | float] = {
        "dataset": info.dataset,
        "split": info.split,
        "source": info.source,
        **results.metrics,
    }
    summary = class_table_markdown(shown, info.classes, results.intervals, results.table_context)
    folder.summary.write_text(
        summary + comparison_markdown(shown, info.classes, results.intervals) + protocol_markdown(shown)
    )
    made = run_page(
        name,
        results,
        drawn,
        facts=weights.training,
        config=described["config"],
        provenance=described,
        where=where,
    )
    write_page(folder.page, made)
    write_results(results, folder, dict(facts))


def _remove_old(folder: RunFolder) -> None:
    """What an evaluation that is replaced may have had and this one may not."""
    kept = (folder.metrics, folder.predictions, folder.records, folder.subjects, folder.summary, folder.page)
    for path in (*kept, folder.path / EVALUATION, *(folder.report / f"{name}.png" for name in _FIGURES)):
        path.unlink(missing_ok=True)


_FIGURES = ("confusion", "reliability", "beats", "strip")
