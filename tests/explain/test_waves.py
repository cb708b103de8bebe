from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.cuts import CUTS
from ecg.errors import EcgError
from ecg.explain.waves import NAMES, R_PEAK_S, label_waves, seconds, signal_mask, waves

from .conftest import FS, SAMPLES, beats_of


def names_at(rr: float, *times: float, start: float = 0.0) -> list[str]:
    t = np.arange(start, 1.55, 1 / FS)
    label = label_waves(np.array([rr]), np.ones((1, len(t)), dtype=bool), t)[0]
    return [NAMES[label[np.abs(t - time).argmin()]] for time in times]


def test_every_cut_has_its_r_peak() -> None:
    assert set(R_PEAK_S) == set(CUTS)
    with pytest.raises(EcgError, match=r"cut other.*kaggle, paper"):
        seconds("other", FS, SAMPLES)


def test_waves_of_a_beat_at_60_per_minute() -> None:
    times = (0.0, 0.05, 0.12, 0.30, 0.60, 0.85, 1.0, 1.2)
    assert names_at(1.0, *times) == ["QRS", "QRS", "ST", "T", "T to P", "next P", "next beat", "next beat"]


def test_a_centred_beat_has_its_own_p_wave() -> None:
    assert names_at(1.0, -0.3, -0.15, 0.0, start=-0.4) == ["before", "P", "QRS"]


def test_in_a_fast_rhythm_the_earlier_wave_keeps_its_samples() -> None:
    assert names_at(0.3, 0.05, 0.12, 0.20, 0.26) == ["QRS", "ST", "T", "next beat"]
    assert names_at(0.05, 0.0, 0.09, 0.3) == ["QRS", "QRS", "next beat"]


def test_without_a_known_interval_there_is_no_next_beat() -> None:
    assert names_at(np.nan, 0.05, 0.4, 0.49, 0.51, 1.5) == ["QRS", "T", "T", "T to P", "T to P"]


def test_zeros_at_the_end_are_padding_and_zeros_within_are_not() -> None:
    x = np.ones((2, 1, SAMPLES))
    x[0, 0, 50] = 0
    x[0, 0, 100:] = 0
    beats = beats_of(x, np.zeros(2), rr_after=0.8)
    assert signal_mask(beats.x)[0].sum() == 100
    label = waves(beats, "kaggle", FS)
    assert set(label[0, 100:]) == {NAMES.index("padding")}
    assert NAMES.index("padding") not in label[0, :100]
    assert NAMES.index("padding") not in label[1]


def test_each_sample_has_exactly_one_wave() -> None:
    label = waves(beats_of(np.ones((3, 1, SAMPLES)), np.zeros(3), rr_after=0.7), "paper", FS)
    assert label.shape == (3, SAMPLES)
    assert seconds("paper", FS, SAMPLES)[0] == 0
    assert label.min() >= 0
    assert label.max() < len(NAMES)
