"""The folder of an evaluation: its name, and what is written into it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ecg.checks import check_out
from ecg.data.info import DataInfo
from ecg.data.sources import Source
from ecg.errors import EcgError
from ecg.evaluate.overlap import Overlap
from ecg.page import write_page
from ecg.report.results import Results, write_results
from ecg.report.run_page import run_page
from ecg.report.run_report import run_figures
from ecg.report.summary import write_summary
from ecg.runs.folder import RunFolder, write_json
from ecg.runs.weights import Weights

UNNAMED = ("dataset", "dataset.source", "dataset.split", "data_dir", "cache_dir", "bootstrap")
"""Overrides that the folder's name holds already, or that leave the evaluated beats as they are."""
EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` made.

    Attributes:
        folder: tables, figures, `metrics.json` and the page.
        results: every score.
        overlap: what the evaluated beats and training have in common.
        sentence: the same in words.
        comparison: what the weights reached on their own test beats, in words.
        weights: what was evaluated.
    """

    folder: RunFolder
    results: Results
    overlap: Overlap
    sentence: str
    comparison: str
    weights: Weights


def folder_name(info: DataInfo, subset: str, overrides: Sequence[str]) -> str:
    """`arrhythmia-physionet-patients-test`, and what else was changed: `-synthetic.seed7`."""
    typed = (override.lstrip("+").partition("=") for override in overrides)
    more = "".join(f"-{key.removeprefix('dataset.')}{value}" for key, _, value in typed if key not in UNNAMED)
    which = "all" if subset == "all" else f"{info.split.partition(',')[0]}-{subset}"
    return re.sub(r"[^\w.-]+", "_", f"{info.dataset}-{info.source}-{which}{more}")


def check_folder(path: Path, *, force: bool) -> None:
    """Refuse a folder that holds something, and always one that holds a run.

    Raises:
        EcgError: so it is.
    """
    run = RunFolder(path)
    if run.config.exists() or run.weights.exists():
        raise EcgError(f"{path} is a run's own folder; choose another --out")
    check_out(path)
    if path.is_dir() and any(path.iterdir()) and not force:
        raise EcgError(f"{path} holds something already; replace it with --force, or choose another --out")


def write_evaluation(
    made: Evaluation, source: Source, name: str, *, facts: Mapping[str, object], described: Mapping[str, Any]
) -> None:
    """Write what a run writes of its test: figures, tables, page, predictions, and metrics.json last.

    Args:
        made: what to write, and where.
        source: gives the recording behind the strip.
        name: of the evaluation.
        facts: what metrics.json says beside the scores.
        described: how the evaluation was made, as in evaluation.json.
    """
    folder, results, weights = made.folder, made.results, made.weights
    tables = (folder.predictions, folder.records, folder.subjects, folder.patients)
    for stale in (folder.metrics, *tables, folder.page, folder.summary):
        stale.unlink(missing_ok=True)
    (folder.report / "strip.png").unlink(missing_ok=True)  # not every source has one
    write_json(folder.path / EVALUATION, described)
    figures = run_figures(results, pd.DataFrame(), source, best_epoch=None, title=name)
    del figures["learning_curves"]  # nothing was learned
    drawn = write_summary(results, figures, folder)
    where = f"evaluated: {weights.path}\n{made.comparison}".strip()
    quiet = () if made.overlap.loud else (made.sentence,)
    told: dict[str, Any] = {"facts": weights.training, "config": described["config"], "provenance": described}
    page = run_page(name, results, drawn, **told, where=where, own=weights.training, remarks=quiet)
    write_page(folder.page, page)
    write_results(results, folder, dict(facts) | {"weights": described["weights"], "overlap/said": made.sentence})
