from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from ecg.data.info import DataInfo
from ecg.report import beats
from ecg.report.beats import beat_id, choose
from ecg.report.style import Context, class_colours

from .conftest import AAMI, beats_table, texts

TARGET = np.array([0, 0, 0, 0, 0, 1])
PREDICTED = np.array([0, 0, 0, 1, 1, 1])
SURE = np.array([0.6, 0.9, 0.7, 0.8, 0.95, 0.99])
PROBABILITIES = np.where(np.eye(2, dtype=bool)[PREDICTED], SURE[:, None], 1 - SURE[:, None])
BINARY = ["normal", "MI"]


def example_beats(
    x: np.ndarray, target: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], context: Context, r: float = 0
) -> Figure:
    """The figure of beats at 100 Hz, one every 10 s, of records 100, 101 ..., their R peak `r` seconds in."""
    records = [f"10{i}" for i in range(len(target))]
    info = DataInfo(
        dataset="mi",
        classes=tuple(classes),
        source="physionet",
        simulated=False,
        segmentation="kaggle",
        fs=100.0,
        r_peak_s=r,
        shapes={"signal": (1, 50)},
        leads=("II",),
        wanted=("II",),
        databases=(),
        split="patients",
        by_patient=True,
        notes=(),
        fingerprint="0" * 64,
        counts={},
    )
    table = beats_table(target, 10.0 * np.arange(len(target)), signal=x, record=records)
    return beats.example_beats(info, table, probabilities, context)


def _x(n: int) -> np.ndarray:
    x = np.zeros((n, 50))
    x[:, :40] = 0.1 + np.arange(40) / 50 + np.arange(n)[:, None]
    return x


def test_right_is_the_median_and_wrong_the_most_confident() -> None:
    assert choose(TARGET, PROBABILITIES, 0) == (2, 4)
    assert choose(TARGET, PROBABILITIES, 1) == (5, None)
    assert choose(TARGET[:0], PROBABILITIES[:0], 0) == (None, None)


def test_titles_say_classes_probability_and_place(context: Context) -> None:
    figure = example_beats(_x(6), TARGET, PROBABILITIES, BINARY, context)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "normal predicted as normal, 70.0 %\nrecord 102, 0:20.0",
        "MI predicted as MI, 99.0 %\nrecord 105, 0:50.0",
        "normal predicted as MI, 95.0 %\nrecord 104, 0:40.0",
        "",
    ]
    assert "no MI beat\npredicted wrong" in texts(figure)


def test_a_beat_of_unknown_time_is_found_by_its_record() -> None:
    assert beat_id("101", float("nan")) == "101"


def test_axes_are_in_seconds_from_the_r_peak_and_padding_is_apart(context: Context) -> None:
    figure = example_beats(_x(6), TARGET, PROBABILITIES, BINARY, context)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "typical right\namplitude as seen"
    assert {a.get_xlabel() for a in figure.axes[2:]} == {"time from the R peak (s)"}
    _, beat, padding = axes.get_lines()
    assert beat.get_xdata()[:2] == pytest.approx([0, 0.01])
    np.testing.assert_allclose(beat.get_ydata(), _x(6)[2, :40], rtol=1e-6)
    assert len(padding.get_xdata()) == 10
    assert to_hex(beat.get_color()).upper() == class_colours(BINARY)["normal"]


def test_a_window_that_begins_before_the_r_peak_has_times_below_0(context: Context) -> None:
    axes = example_beats(_x(6), TARGET, PROBABILITIES, BINARY, context, r=0.2).axes[0]
    assert axes.get_lines()[1].get_xdata()[0] == pytest.approx(-0.2)


def test_each_column_has_its_class_colour(context: Context) -> None:
    target = np.arange(5)
    figure = example_beats(_x(5), target, np.eye(5), AAMI, context)
    drawn = [axes.get_lines()[1].get_color() for axes in figure.axes[:5]]
    assert drawn == list(class_colours(AAMI).values())


def test_one_beat_and_none_say_what_is_missing(simulated: Context) -> None:
    said = texts(example_beats(_x(1), TARGET[:1], PROBABILITIES[:1], BINARY, simulated))
    assert said.count("no MI beats") == 2
    assert any(text.startswith("SIMULATED") for text in said)
    none = example_beats(_x(0), TARGET[:0], PROBABILITIES[:0], BINARY, simulated)
    assert texts(none).count("no normal beats") == 2


def test_arrays_of_different_lengths_are_refused(context: Context) -> None:
    with pytest.raises(ValueError, match="different numbers of beats"):
        example_beats(_x(6), TARGET, PROBABILITIES[:5], BINARY, context)
