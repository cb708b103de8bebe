"""The figures of one run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecg.data.sources import Source
from ecg.metrics.confusion import confusion_matrix
from ecg.report.beats import beat_id, example_beats
from ecg.report.calibration import reliability_figure
from ecg.report.confusion import confusion_figure
from ecg.report.curves import learning_curves
from ecg.report.results import Results
from ecg.report.strip import strip_figure
from ecg.report.style import Context
from ecg.report.window import pick_window

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def run_figures(
    results: Results, history: pd.DataFrame, source: Source, *, best_epoch: int | None, title: str
) -> dict[str, Figure]:
    """Learning curves, confusion matrix, reliability, example beats, and a strip where there are recordings.

    Args:
        results: of the test beats.
        history: one row per epoch.
        source: gives the recording behind the strip.
        best_epoch: the epoch whose weights were tested.
        title: the run's name, put before the data's description.
    """
    context = replace(results.context, title=f"{title}: {results.context.title}")
    beats, target, predicted = results.beats, results.beats.y, results.predicted
    classes, probabilities = results.info.classes, results.probabilities
    ids = [beat_id(str(record), seconds) for record, seconds in zip(beats.record, beats.seconds, strict=True)]
    figures = {
        "learning_curves": learning_curves(history, context, best_epoch),
        "confusion": confusion_figure(confusion_matrix(target, predicted, len(classes)), classes, context),
        "reliability": reliability_figure(target, probabilities, context),
        "beats": example_beats(beats.x[:, 0], target, predicted, probabilities, classes, results.info.fs, context, ids),
    }
    strip = _strip(results, source, context)
    return figures if strip is None else {**figures, "strip": strip}


def telling_record(results: Results) -> str:
    """The test record with the most classes, and among equals the most beats outside the first class."""
    table = pd.DataFrame({"record": results.beats.record, "y": results.beats.y})
    by_record = {str(record): part["y"] for record, part in table.groupby("record")}
    return max(by_record, key=lambda record: (by_record[record].nunique(), int((by_record[record] > 0).sum())))


def _strip(results: Results, source: Source, context: Context) -> Figure | None:
    record = telling_record(results)
    recording = source.recording(record)
    if recording is None:
        return None
    mine = np.flatnonzero(results.beats.record == record)
    mine = mine[np.argsort(results.beats.seconds[mine])]
    seconds, predicted, target = results.beats.seconds[mine], results.predicted[mine], results.beats.y[mine]
    lead = str(results.beats.lead[mine[0]])
    start = pick_window(seconds, predicted, target, recording.seconds)
    return strip_figure(
        recording.millivolts(recording.lead_index(lead)),
        recording.fs,
        start,
        seconds,
        predicted,
        target,
        results.info.classes,
        lead,
        record,
        context,
        np.stack([results.beats.rr_before[mine], results.beats.rr_after[mine]], axis=1),
    )
