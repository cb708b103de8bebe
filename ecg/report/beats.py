"""Beats to look at: for each class one that was got right and one that was not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ecg.page.numbers import percent
from ecg.report.style import FAINT, INK, Context, class_colours, clock, new_figure, say, tidy

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]


def beat_id(record: str, seconds: float) -> str:
    """Where a beat is found: record and, where it is known, time from the record's start."""
    return f"record {record}, {clock(seconds)}" if np.isfinite(seconds) else record


def choose(target: Ints, predicted: Ints, probabilities: Floats, label: int) -> tuple[int | None, int | None]:
    """Indices of the typical right and the most confident wrong beat of class `label`; None where there is none.

    Typical is the median confidence, confidence the probability of the predicted class.
    """
    confidence = probabilities[np.arange(len(predicted)), predicted]
    right = np.flatnonzero((target == label) & (predicted == label))
    wrong = np.flatnonzero((target == label) & (predicted != label))
    ordered = right[np.argsort(confidence[right], kind="stable")]
    typical = int(ordered[(len(ordered) - 1) // 2]) if len(ordered) else None
    return typical, int(wrong[confidence[wrong].argmax()]) if len(wrong) else None


def example_beats(
    x: Floats,
    target: Ints,
    predicted: Ints,
    probabilities: Floats,
    classes: Sequence[str],
    fs: float,
    context: Context,
    ids: Sequence[str],
) -> Figure:
    """One column per true class: above a typical beat predicted right, below the most confident error.

    Args:
        x: shape [beat, sample], as the model sees it, from the R peak on.
        target: shape [beat], true class.
        predicted: shape [beat], predicted class.
        probabilities: shape [beat, class].
        classes: class names.
        fs: sampling rate of `x` in Hz.
        context: the words around the figure.
        ids: shape [beat], where each beat is found, as `beat_id` writes it.

    Returns:
        A figure 1200 to 1600 pixels wide at 120 dpi; a panel without an example says so.

    Raises:
        ValueError: the arrays disagree about the number of beats.
    """
    lengths = {len(x), len(target), len(predicted), len(probabilities), len(ids)}
    if len(lengths) > 1:
        raise ValueError(f"arrays of different numbers of beats: {sorted(lengths)}")
    figure = new_figure(context, float(np.clip(2.6 * len(classes), 10, 13.3)), 6.4)
    panels = figure.subplots(2, len(classes), sharex=True, sharey=True, squeeze=False)
    for label, (name, colour) in enumerate(class_colours(classes).items()):
        total = int((target == label).sum())
        for row, beat in enumerate(choose(target, predicted, probabilities, label)):
            axes = panels[row, label]
            tidy(axes)
            if beat is None:
                say(axes, f"no {name} beat\npredicted {('right', 'wrong')[row]}" if total else f"no {name} beats")
                continue
            _trace(axes, x[beat], fs, colour)
            sure = percent(probabilities[beat, predicted[beat]], 1)
            words = f"{name} called {classes[predicted[beat]]}, {sure} %\n{ids[beat]}"
            axes.set_title(words, loc="left", fontsize=10 if len(classes) <= 6 else 7, color=INK, parse_math=False)
    for axes, kind in zip(panels[:, 0], ("typical right", "most confident wrong"), strict=True):
        axes.set_ylabel(f"{kind}\nnormalised amplitude")
    for axes in panels[1]:
        axes.set_xlabel("time from the R peak (s)")
    return figure


def _trace(axes: Axes, beat: Floats, fs: float, colour: str) -> None:
    """Draw one beat, shape [sample]; the zeros that only fill its row are dotted."""
    seconds = np.arange(len(beat)) / fs
    signal = np.flatnonzero(beat)
    end = int(signal[-1]) + 1 if len(signal) else len(beat)
    axes.axvline(0, color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)))
    axes.plot(seconds[:end], beat[:end], color=colour, linewidth=1.8)
    axes.plot(seconds[end:], beat[end:], color="#B5B5B5", linewidth=1.2, linestyle=":")
