"""The kaggle segmentation equals its rule, written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.labels import AAMI_CLASSES, AAMI_SYMBOLS
from ecg.beats.segmentations import KaggleSegmentation
from ecg.errors import EcgError
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording

CLASS_OF = {symbol: AAMI_CLASSES.index(name) for name, symbols in AAMI_SYMBOLS.items() for symbol in symbols}
MakeRecording = Callable[..., Recording]


def kaggle_rows(signal: list[int], marks: list[tuple[int, str]]) -> list[list[float]]:
    """The rule of the Kaggle files in plain Python, beat by beat."""
    rows = []
    for k in [k for k, (_, symbol) in enumerate(marks) if symbol in CLASS_OF][:-1]:
        here, following = marks[k][0], marks[k + 1][0]
        after_that = marks[k + 2][0] if k + 2 < len(marks) else following
        end = min(following + int(0.2 * (after_that - following)), len(signal))
        values = [signal[t] for t in range(here, end, 3)]
        low, high = min(values, default=0), max(values, default=0)
        scaled = [(v - low) / (high - low) if high > low else 0.0 for v in values]
        rows.append((scaled + [0.0] * 187)[:187])
    return rows


@settings(deadline=None, max_examples=80)
@given(
    gaps=st.lists(st.tuples(st.integers(0, 900), st.sampled_from("NNLVAFQ/f+~|")), min_size=2, max_size=12),
    seed=st.integers(0, 1000),
    height=st.sampled_from([0, 3, 900]),
)
def test_kaggle_segmentation_equals_the_rule_written_out(
    make_recording: MakeRecording, gaps: list[tuple[int, str]], seed: int, height: int
) -> None:
    marks, at = [], 5
    for gap, symbol in gaps:
        at += gap
        marks.append((at, symbol))
    signal = np.random.default_rng(seed).integers(0, height + 1, size=at + 1)
    recording = make_recording(signal, [s for s, _ in marks], [s for _, s in marks])
    if sum(symbol in CLASS_OF for _, symbol in marks) < 2:
        with pytest.raises(EcgError, match="x"):
            KaggleSegmentation()(recording)
        return
    rows = kaggle_rows(signal.tolist(), marks)
    beats = KaggleSegmentation()(recording)
    assert len(beats) == len(rows)
    np.testing.assert_array_equal(beats.signal[:, 0], np.array(rows, dtype=np.float32))


def test_two_annotations_on_one_sample_give_an_empty_beat_and_keep_the_others(make_recording: MakeRecording) -> None:
    signal = np.random.default_rng(0).integers(0, 2000, 2000)
    beats = KaggleSegmentation()(make_recording(signal, [300, 300, 300, 700, 1100], list("NVNNN")))
    assert beats.sample.tolist() == [300, 300, 300, 700]
    assert not beats.signal[0].any()  # from 300 to 300 + 0.2 (300 - 300): nothing
    assert beats.signal[2].any()


def test_a_mark_that_is_no_beat_ends_the_beat_before_it(make_recording: MakeRecording) -> None:
    signal = np.random.default_rng(0).integers(0, 2000, 2000)
    plain = KaggleSegmentation()(make_recording(signal, [100, 500, 900, 1300], list("NNNN")))
    marked = KaggleSegmentation()(make_recording(signal, [100, 200, 500, 900, 1300], list("N~NNN")))
    assert marked.sample.tolist() == plain.sample.tolist()
    ends = [np.flatnonzero(beats.signal[0, 0]).max() for beats in (plain, marked)]
    assert ends[0] == pytest.approx((400 + 80) / 3, abs=2)
    assert ends[1] == pytest.approx((100 + 60) / 3, abs=2)


def test_kaggle_segmentation_drops_the_last_beat_of_a_record_also_when_a_mark_follows_it(
    make_recording: MakeRecording,
) -> None:
    beats = KaggleSegmentation()(make_recording(np.arange(2000), [100, 500, 900, 950], list("NVF+")))
    assert beats.symbol.tolist() == ["N", "V"]


def test_kaggle_segmentation_takes_the_first_signal_whatever_its_name(make_recording: MakeRecording) -> None:
    segmentation = KaggleSegmentation()
    recording = make_recording(np.arange(2000) % 97, [100, 500, 900], list("NNN"), leads=("V5", "MLII"))
    beats = segmentation(with_leads(recording, segmentation.leads))
    assert set(beats.lead) == {"V5"}
    assert beats.signal.shape == (2, 1, 187)
    assert beats.signal.any()


def test_kaggle_segmentation_says_which_lead_has_which_row(make_recording: MakeRecording) -> None:
    recording = make_recording(np.arange(2000) % 97, [100, 500, 900], list("NNN"), leads=("V5", "MLII"))
    beats = KaggleSegmentation()(recording)
    assert set(beats.lead) == {"V5+MLII"}
    assert beats.signal[:, 0].any()
    assert not beats.signal[:, 1].any()  # the other lead is flat


def test_kaggle_segmentation_refuses_another_sampling_rate(make_recording: MakeRecording) -> None:
    with pytest.raises(EcgError, match=r"^record x: .* 360 Hz, this record has 250 Hz$"):
        KaggleSegmentation()(make_recording(np.arange(2000), [100, 500], list("NN"), fs=250))
