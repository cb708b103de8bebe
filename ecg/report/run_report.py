"""The figures of one run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ecg.data.sources import Source
from ecg.metrics.confusion import confusion_matrix
from ecg.recordings.leads import with_leads
from ecg.report.beats import example_beats
from ecg.report.calibration import reliability_figure
from ecg.report.confusion import confusion_figure
from ecg.report.curves import learning_curves
from ecg.report.results import Results
from ecg.report.strip import strip_figure
from ecg.report.style import Context
from ecg.report.window import pick_window


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
    context = replace(results.context, title=f"{title}: {results.context.title}").untitled
    info, beats, probabilities = results.info, results.beats, results.probabilities
    matrix = confusion_matrix(beats.y, results.predicted, len(info.classes))
    figures = {
        "learning_curves": learning_curves(history, context, best_epoch),
        "confusion": confusion_figure(matrix, info.classes, context),
        "reliability": reliability_figure(beats.y, probabilities, context),
        "beats": example_beats(info, beats, probabilities, context),
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
    lead = str(results.beats.lead[results.beats.record == record][0])
    mine = np.flatnonzero((results.beats.record == record) & (results.beats.lead == lead))
    if len(mine) < 2:  # of a whole recording
        return None
    mine = mine[np.argsort(results.beats.seconds[mine])]
    beats, predicted = results.beats.take(mine), results.predicted[mine]
    start = pick_window(beats.seconds, predicted, beats.y, recording.seconds)
    first = with_leads(recording, [lead.partition("+")[0]])
    return strip_figure(first.millivolts(0), recording.fs, start, beats, predicted, results.info.classes, context)
