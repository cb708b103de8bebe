"""Beats to look at: for each class one that was predicted correctly and one that was not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg.beats.table import Beats
from ecg.page.numbers import percent
from ecg.report.style import FAINT, INK, Context, Floats, Ints, class_colours, clock, new_figure, say, tidy

if TYPE_CHECKING:
    from ecg.data.info import DataInfo


def beat_id(record: str, seconds: float) -> str:
    """Where a beat is found: record and, where it is known, time from the record's start."""
    return f"record {record}, {clock(seconds)}" if np.isfinite(seconds) else record


def choose(target: Ints, probabilities: Floats, label: int) -> tuple[int | None, int | None]:
    """Indices of the typical right and the most confident wrong beat of class `label`; None where there is none.

    Typical is the median confidence, confidence the probability of the predicted class.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = np.flatnonzero((target == label) & (predicted == label))
    wrong = np.flatnonzero((target == label) & (predicted != label))
    ordered = right[np.argsort(confidence[right], kind="stable")]
    typical = int(ordered[(len(ordered) - 1) // 2]) if len(ordered) else None
    return typical, int(wrong[confidence[wrong].argmax()]) if len(wrong) else None


def example_beats(info: DataInfo, beats: Beats, probabilities: Floats, context: Context) -> Figure:
    """One column per true class: above a typical beat predicted correctly, below the most confident error.

    Args:
        info: of the data.
        beats: their first lead is drawn, as the model sees it.
        probabilities: shape [beat, class]; the largest is the prediction.
        context: the words around the figure.

    Returns:
        A figure 1200 to 1600 pixels wide at 120 dpi; a panel without an example says so.

    Raises:
        ValueError: there are not as many rows of probabilities as beats.
    """
    if len(beats) != len(probabilities):
        raise ValueError(f"different numbers of beats: {len(beats)} and {len(probabilities)}")
    classes = info.classes
    figure = new_figure(context, float(np.clip(2.6 * len(classes), 10, 13.3)), 6.4)
    panels = figure.subplots(2, len(classes), sharex=True, sharey=True, squeeze=False)
    for label, (name, colour) in enumerate(class_colours(classes).items()):
        for row, beat in enumerate(choose(beats.y, probabilities, label)):
            axes = panels[row, label]
            tidy(axes)
            if beat is None:
                kind = ("right", "wrong")[row]
                say(axes, f"no {name} beat\npredicted {kind}" if label in beats.y else f"no {name} beats")
                continue
            _trace(axes, beats.signal[beat, 0], info, colour)
            predicted, sure = classes[probabilities[beat].argmax()], percent(probabilities[beat].max(), 1)
            found = beat_id(str(beats.record[beat]), beats.seconds[beat])
            words = f"{name} predicted as {predicted}, {sure} %\n{found}"
            axes.set_title(words, loc="left", fontsize=10 if len(classes) <= 6 else 7, color=INK, parse_math=False)
    for axes, kind in zip(panels[:, 0], ("typical right", "most confident wrong"), strict=True):
        axes.set_ylabel(f"{kind}\namplitude as seen")
    for axes in panels[1]:
        axes.set_xlabel("time from the R peak (s)")
    return figure


def _trace(axes: Axes, beat: Floats, info: DataInfo, colour: str) -> None:
    """Draw one beat, shape [sample]; the zeros that only fill its row are dotted."""
    seconds = np.arange(len(beat)) / info.fs - info.r_peak_s
    signal = np.flatnonzero(beat)
    end = int(signal[-1]) + 1 if len(signal) else len(beat)
    axes.axvline(0, color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.plot(seconds[:end], beat[:end], color=colour, linewidth=1.8)
    axes.plot(seconds[end:], beat[end:], color="#B5B5B5", linewidth=1.2, linestyle=":")
