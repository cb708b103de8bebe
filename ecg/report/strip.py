"""A stretch of one lead as on ECG paper, each beat in the colour of its predicted class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator

from ecg.beats.table import Beats
from ecg.report.style import FAINT, INK, Context, Floats, Ints, class_colours, clock, new_figure, tidy

ROW_S = 10.0
SLIVER_S = 0.5  # a last row shorter than this is left out
LABEL_MV = 1.0  # room above the signal for the class letters
TALLEST_MV = 6.0  # a loose electrode must not flatten the beats
WIDTH_IN = 13.3
DIFFERS = "#FFE98A"


@dataclass(frozen=True)
class _Beat:
    """One beat: its R peak, begin and end in s, its class, and the reference's where that is another, else nothing."""

    at: float
    begin: float
    end: float
    name: str
    reference: str


def strip_figure(
    millivolts: Floats,
    fs: float,
    start_s: float,
    beats: Beats,
    predicted: Ints,
    classes: Sequence[str],
    context: Context,
    *,
    seconds: float = 30.0,
) -> Figure:
    """Rows of 10 s in ECG paper's proportions: a large square is 0.2 s by 0.5 mV.

    Args:
        millivolts: shape [time], the whole recording of one lead, in mV.
        fs: its sampling rate in Hz.
        start_s: where the strip begins, in seconds from the recording's start; `window.pick_window` finds a good one.
        beats: those of the record, in order of time; where their class differs from the predicted one, it is marked.
        predicted: shape [beat], predicted class.
        classes: class names.
        context: the words around the figure.
        seconds: length of the strip; it ends earlier where the recording does.

    Returns:
        A figure 1600 pixels wide at 120 dpi.

    Raises:
        ValueError: the strip begins after the recording's end, or there are more or fewer predictions than beats.
    """
    if len(beats) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(beats)} beats: there must be one entry per beat")
    record, lead = (str(names[0]) if len(names) else "unknown" for names in (beats.record, beats.lead))
    rows, end_s = _extent(len(millivolts) / fs, start_s, seconds)
    low, high = _limits(millivolts[int(start_s * fs) : int(end_s * fs)])
    tall = (high + LABEL_MV - low) / 0.5 * 0.2 / ROW_S * (WIDTH_IN - 1.0)  # inches that make the squares square
    figure = new_figure(context, WIDTH_IN, 1.75 + rows * (tall + 0.40))
    panels = figure.subplots(rows, 1, squeeze=False)[:, 0]
    marks, colours = _marks(beats, predicted, classes), class_colours(classes)
    for row, axes in enumerate(panels):
        left = start_s + row * ROW_S
        right = min(left + ROW_S, end_s)
        _paper(axes, left, low, high + LABEL_MV)
        axes.set_ylabel(f"{lead} (mV)", parse_math=False)
        _signal(axes, millivolts, fs, left, right, FAINT, 0.9)
        for beat in (beat for beat in marks if beat.end > left and beat.begin < right):
            _signal(axes, millivolts, fs, max(left, beat.begin), min(right, beat.end), colours[beat.name], 1.5)
            _mark(axes, beat, left, right, high, colours[beat.name])
    what = f"Record {record}, lead {lead}, {clock(start_s, 0)} to {clock(end_s, 0)} min"
    panels[0].set_title(what, loc="left", fontsize=11, color=INK, parse_math=False)
    panels[-1].set_xlabel("time in the recording (min:s); a large square is 0.2 s x 0.5 mV")
    shown = np.unique(predicted[(beats.seconds >= start_s) & (beats.seconds < end_s)])
    _legend(panels[0], {classes[i]: colours[classes[i]] for i in shown})
    return figure


def _extent(length_s: float, start_s: float, seconds: float) -> tuple[int, float]:
    """Rows of the strip and its end in seconds."""
    end_s = min(start_s + seconds, length_s)
    if end_s <= start_s:
        raise ValueError(f"the strip begins at {start_s} s; the recording has {length_s:.1f} s")
    rows = max(1, int(np.ceil((end_s - start_s - SLIVER_S) / ROW_S)))
    return rows, min(end_s, start_s + rows * ROW_S)


def _limits(shown: Floats) -> tuple[float, float]:
    """Lowest and highest mV to draw, on lines of the paper; gaps in the signal (NaN) do not count."""
    known = shown[np.isfinite(shown)]
    if len(known) == 0:
        return -1.0, 1.0
    low, high = np.floor(2 * known.min() - 0.1) / 2, np.ceil(2 * known.max() + 0.1) / 2
    if high - low > TALLEST_MV:
        centre = np.round(2 * np.median(known)) / 2
        low, high = max(low, centre - TALLEST_MV / 2), min(high, centre + TALLEST_MV / 2)
    return float(low), float(max(high, low + 1.5))


def _marks(beats: Beats, predicted: Ints, classes: Sequence[str]) -> list[_Beat]:
    """All beats: a third of RR before the R peak, two thirds after, and the reference's class where it differs.

    RR keeps the colour off beats without a prediction.
    """
    at = beats.seconds
    previous = np.fmin(np.diff(at, prepend=at[:1] - 0.9), beats.rr_before)
    following = np.fmin(np.diff(at, append=at[-1:] + 0.9), beats.rr_after)
    begin, end = at - np.minimum(previous * 0.35, 0.5), at + np.minimum(following * 0.65, 0.9)
    names = np.array(classes, dtype=object)
    reference = np.where(beats.y == predicted, "", names[beats.y])
    return [_Beat(*one) for one in zip(at, begin, end, names[predicted], reference, strict=True)]


def _paper(axes: Axes, left: float, low: float, high: float) -> None:
    tidy(axes)
    axes.grid(visible=False)
    axes.set(xlim=(left, left + ROW_S), ylim=(low, high), aspect=0.2 / 0.5)
    for step_s, step_mv, colour, width in ((0.04, 0.1, "#FBEFEC", 0.5), (0.2, 0.5, "#F0CFC8", 0.8)):
        down = np.arange(0, ROW_S + step_s / 2, step_s) + left
        axes.vlines(down, low, high, color=colour, linewidth=width, zorder=0.5)
        across = np.arange(low, high + step_mv / 2, step_mv)
        axes.hlines(across, left, left + ROW_S, color=colour, linewidth=width, zorder=0.5)
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: clock(s, 0)))
    axes.yaxis.set_major_locator(MultipleLocator(1))


def _signal(axes: Axes, millivolts: Floats, fs: float, left: float, right: float, colour: str, width: float) -> None:
    i, j = max(0, int(np.floor(left * fs))), min(len(millivolts), int(np.ceil(right * fs)) + 1)
    axes.plot(np.arange(i, j) / fs, millivolts[i:j], color=colour, linewidth=width, solid_joinstyle="round")


def _mark(axes: Axes, beat: _Beat, left: float, right: float, top: float, colour: str) -> None:
    """Name a beat above its R peak, and below that its reference class where that differs."""
    words = [(0.68, beat.name, 11 if len(beat.name) <= 2 else 8, colour, "bold")]
    if beat.reference:
        axes.axvspan(max(left, beat.begin), min(right, beat.end), color=DIFFERS, linewidth=0, zorder=0.6, alpha=0.8)
        words.append((0.25, f"ref {beat.reference}", 8, INK, "normal"))
    if not left <= beat.at < right:  # its R peak is in another row
        return
    for up, text, size, ink, weight in words:
        half = 0.0035 * size * len(text)  # about half its width in seconds; kept inside the row
        at = float(np.clip(beat.at, left + half, left + ROW_S - half))
        axes.text(at, top + up, text, ha="center", va="center", fontsize=size, color=ink, fontweight=weight,
                  parse_math=False)  # fmt: skip


def _legend(axes: Axes, colours: dict[str, str]) -> None:
    lines = [Line2D([], [], color=colour, linewidth=3, label=name) for name, colour in colours.items()]
    differs = Patch(color=DIFFERS, label="differs from the reference (ref)")
    handles = [Line2D([], [], linewidth=0, label="predicted:"), *lines, differs]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(handles), fontsize=10,
                frameon=False, borderaxespad=0.1, handlelength=1.6, columnspacing=1.3)  # fmt: skip
