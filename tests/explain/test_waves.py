from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecg.beats.detected import segmented
from ecg.beats.segmentations import SEGMENTATIONS, WholeRecordings, make_segmentation
from ecg.explain.waves import NAMES, label_waves, seconds, signal_mask, waves
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording
from ecg.recordings.synthetic import write_arrhythmia
from ecg.recordings.wfdb_files import read_record

from .conftest import FS, SAMPLES, beats_of, info_of


def names_at(rr: float, *times: float, start: float = 0.0) -> list[str]:
    t = np.arange(start, 1.55, 1 / FS)
    label = label_waves(np.array([rr]), np.ones((1, len(t)), dtype=bool), t)[0]
    return [NAMES[label[np.abs(t - time).argmin()]] for time in times]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Half a minute of beats whose R peaks are known."""
    folder = tmp_path_factory.mktemp("simulated")
    write_arrhythmia(folder, patients=1, minutes=0.5, seed=0)
    return read_record(folder / "sim000")


@pytest.mark.parametrize("name", SEGMENTATIONS)
def test_the_steepest_part_of_a_beat_lies_in_the_qrs_of_every_segmentation(name: str, simulated: Recording) -> None:
    made = make_segmentation(name)
    leads = ("MLII",) if isinstance(made, WholeRecordings) else made.leads  # not all twelve were simulated
    beats, _ = segmented(with_leads(simulated, leads), made)
    info = replace(info_of(r_peak_s=made.r_peak_s), fs=made.fs)
    t = seconds(info, beats.signal.shape[2])
    assert t[0] == -made.r_peak_s
    slope = np.abs(np.diff(beats.signal[:, 0], axis=1)).mean(axis=0)
    before_the_next = t[1:] < 0.3
    at = int(slope[before_the_next].argmax()) + 1
    assert abs(t[at]) <= 0.05
    label = waves(beats, info)[:, at]
    assert (label == NAMES.index("QRS")).mean() > 0.9


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
    assert signal_mask(beats.signal)[0].sum() == 100
    label = waves(beats, info_of())
    assert set(label[0, 100:]) == {NAMES.index("padding")}
    assert NAMES.index("padding") not in label[0, :100]
    assert NAMES.index("padding") not in label[1]


def test_each_sample_has_exactly_one_wave() -> None:
    label = waves(beats_of(np.ones((3, 1, SAMPLES)), np.zeros(3), rr_after=0.7), info_of(r_peak_s=0.4))
    assert label.shape == (3, SAMPLES)
    assert set(label[:, 0]) == {NAMES.index("before")}
    assert label.min() >= 0
    assert label.max() < len(NAMES)
