from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ecg.report import strip
from ecg.report.style import Context, class_colours
from ecg.report.window import pick_window

from .conftest import AAMI, beats_table, texts

FS = 100.0
BEATS = np.arange(0.5, 60, 0.8)
UNKNOWN = np.full((len(BEATS), 2), np.nan)


def strip_figure(
    millivolts: np.ndarray,
    fs: float,
    start_s: float,
    beats_s: np.ndarray,
    predicted: np.ndarray,
    target: np.ndarray,
    classes: Sequence[str],
    lead: str,
    record: str,
    context: Context,
    rr_s: np.ndarray,
    *,
    seconds: float = 30.0,
) -> Figure:
    """The figure of one record's beats."""
    beats = beats_table(target, beats_s, record=record, lead=lead, rr_s=rr_s)
    return strip.strip_figure(millivolts, fs, start_s, beats, predicted, classes, context, seconds=seconds)


def _signal(seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * FS)) / FS
    return np.exp(-(((time - 0.5 + 0.4) % 0.8 - 0.4) ** 2) / 0.0004) - 0.2


def test_rows_of_ten_seconds_with_units_and_square_squares(context: Context) -> None:
    predicted = np.zeros(len(BEATS), int)
    figure = strip_figure(_signal(60), FS, 20, BEATS, predicted, predicted, AAMI, "MLII", "208", context, UNKNOWN)
    assert [axes.get_xlim() for axes in figure.axes] == [(20, 30), (30, 40), (40, 50)]
    assert {axes.get_ylabel() for axes in figure.axes} == {"MLII (mV)"}
    assert "(min:s)" in figure.axes[-1].get_xlabel()
    said = texts(figure)
    assert "Record 208, lead MLII, 0:20 to 0:50 min" in said
    assert context.footnote in said
    square = figure.axes[0].transData.transform([[20, 0], [20.2, 0.5]])
    width, height = square[1] - square[0]
    assert width == pytest.approx(height, rel=1e-3)
    assert width > 20  # pixels: large enough to see


def test_beats_have_letter_and_colour_and_errors_their_reference(context: Context) -> None:
    target = np.zeros(len(BEATS), int)
    predicted = target.copy()
    predicted[3] = 2
    words = (AAMI, "MLII", "208", context)
    figure = strip_figure(_signal(60), FS, 0, BEATS, predicted, target, *words, UNKNOWN, seconds=10)
    said = texts(figure)
    assert said.count("ref N") == 1
    assert said.count("V") == 2  # above the beat and in the legend
    assert said.count("N") == len(BEATS[BEATS < 10])  # one error fewer, and one in the legend
    assert any(text.startswith("differs from the reference") for text in said)
    coloured = {to_hex(line.get_color()).upper(): line for line in figure.axes[0].get_lines()}
    v = coloured[class_colours(AAMI)["V"]].get_xdata()
    assert v[0] < BEATS[3] < v[-1]
    assert v[-1] - v[0] < 1.0


def test_where_the_reference_agrees_nothing_differs(simulated: Context) -> None:
    predicted = np.ones(len(BEATS), int)
    figure = strip_figure(
        _signal(12), FS, 0, BEATS, predicted, predicted, ["normal", "MI"], "II", "x", simulated, UNKNOWN
    )
    said = texts(figure)
    assert not any(text.startswith("ref ") for text in said)
    assert any(text.startswith("SIMULATED") for text in said)
    assert len(figure.axes) == 2  # 12 s


@pytest.mark.parametrize("beats", [np.empty(0), np.array([5.0])])
def test_flat_short_gappy_recordings_with_few_beats(beats: np.ndarray, context: Context) -> None:
    signal = np.zeros(1020)
    signal[200:300] = np.nan
    labels, rr = np.zeros(len(beats), int), UNKNOWN[: len(beats)]
    figure = strip_figure(signal, FS, 0, beats, labels, labels, AAMI, "II", "x", context, rr)
    figure.draw_without_rendering()
    assert len(figure.axes) == 1  # 10.2 s: no row for a sliver
    assert strip_figure(np.full(500, np.nan), FS, 0, beats, labels, labels, AAMI, "II", "x", context, rr)


def test_an_artefact_does_not_flatten_the_beats(context: Context) -> None:
    signal = _signal(10)
    signal[500] = 40.0
    labels = np.zeros(len(BEATS), int)
    figure = strip_figure(signal, FS, 0, BEATS, labels, labels, AAMI, "II", "x", context, UNKNOWN)
    low, high = figure.axes[0].get_ylim()
    assert high - low <= 7


def test_the_colour_of_a_beat_ends_before_the_next_one_that_has_no_prediction(context: Context) -> None:
    beats, labels, rr = np.array([1.0, 4.0]), np.zeros(2, int), np.array([[np.nan, 0.5], [0.8, np.nan]])

    def ends(rr_s: np.ndarray) -> list[tuple[float, float]]:
        figure = strip_figure(_signal(10), FS, 0, beats, labels, labels, AAMI, "II", "x", context, rr_s)
        coloured = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == 1.5]
        return [(float(x[0]), float(x[-1])) for x in (np.asarray(line.get_xdata()) for line in coloured)]

    assert ends(rr)[0][1] == pytest.approx(1 + 0.65 * 0.5, abs=0.02)
    assert ends(rr)[1][0] == pytest.approx(4 - 0.35 * 0.8, abs=0.02)
    assert ends(UNKNOWN[:2])[0][1] == pytest.approx(1.9, abs=0.02)


def test_a_strip_beyond_the_end_and_unequal_arrays_are_refused(context: Context) -> None:
    labels, words = np.zeros(len(BEATS), int), (AAMI, "II", "x", context)
    with pytest.raises(ValueError, match=r"the recording has 10\.0 s"):
        strip_figure(_signal(10), FS, 11, BEATS, labels, labels, *words, UNKNOWN)
    with pytest.raises(ValueError, match="one entry per beat"):
        strip_figure(_signal(10), FS, 0, BEATS, labels[:3], labels, *words, UNKNOWN)


def test_the_window_holds_the_error_and_most_classes() -> None:
    beats = np.arange(0.5, 1800, 0.8)
    target = np.zeros(len(beats), int)
    target[(beats > 300) & (beats < 320)] = 2
    target[(beats > 1000) & (beats < 1003)] = 2
    target[(beats > 1004) & (beats < 1006)] = 1
    predicted = target.copy()
    predicted[np.searchsorted(beats, 1010.0)] = 2
    start = pick_window(beats, predicted, target, 1800)
    assert start <= 1000
    assert start + 30 >= 1010
    # an error is worth a window even where all classes are one
    plain = np.zeros(len(beats), int)
    wrong = plain.copy()
    wrong[1500] = 1
    at = pick_window(beats, wrong, plain, 1800)
    assert at <= beats[1500] <= at + 30
    assert pick_window(beats, plain, plain, 1800) == 0.0


def test_the_window_stays_inside_short_recordings() -> None:
    beats = np.arange(0.5, 40, 0.8)
    predicted = np.zeros(len(beats), int)
    predicted[-2] = 1
    assert pick_window(beats, predicted, predicted, 40.0) == 10.0
    assert pick_window(beats, predicted, predicted, 10.0) == 0.0
    assert pick_window(np.empty(0), np.empty(0, int), np.empty(0, int), 100.0) == 0.0
