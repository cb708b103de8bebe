"""What is measured on hearts whose waves are known: in mV, compressed, nothing scaled to the recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.waves import GLOBALS, MEASURES, WAVES, median_beat
from ecg.beats.waves.measures import global_measures, lead_measures, t_wave
from ecg.beats.waves.median_beat import FS, MedianBeat
from ecg.recordings.leads import TWELVE

Signal = npt.NDArray[np.float64]
Heart = Callable[..., Signal]
SCALE = {
    "q": 0.1,
    "q-duration": 0.02,
    "q/r": 1,
    "r": 0.5,
    "s": 0.5,
    "lowest": 0.5,
    "polarity": 1,
    "early-area": 0.004,
    "early-negative-area": 0.002,
    "qrs-mean": 0.2,
    "onset+16": 0.1,
    "onset+26": 0.2,
    "onset+40": 0.3,
    "onset+60": 0.5,
    "st": 0.05,
    "st+40": 0.05,
    "st+80": 0.05,
    "st-slope": 0.05,
    "t": 0.2,
    "t-positive": 0.2,
    "t-negative": 0.1,
    "t-mean": 0.1,
    "t-late": 0.1,
    "t/qrs": 1,
    "st/qrs": 1,
    "early-area/qrs": 0.01,
    "r-time": 0.04,
}
"""All measures in their order, with the value from which on each is compressed."""
HEIGHTS = [name for name, one in zip(SCALE, MEASURES, strict=True) if one.unit in ("mV", "mV s")]


def measured(signal: Signal) -> dict[str, Signal]:
    """Each measure of every lead in its own unit, by name."""
    values = np.sinh(lead_measures(median_beat(signal)).astype(np.float64))
    return {name: scale * values[:, i] for i, (name, scale) in enumerate(SCALE.items())}


def lead(name: str) -> int:
    return TWELVE.index(name)


@pytest.fixture(scope="module")
def known(heart: Heart) -> dict[str, Signal]:
    return measured(heart())


@pytest.fixture(scope="module")
def beat(one_beat: Heart) -> Signal:
    return one_beat(np.arange(-0.06, 0.5, 0.001))


def test_every_measure_has_a_name_a_unit_and_a_meaning() -> None:
    assert [one.name for one in MEASURES] == list(SCALE)
    assert len(GLOBALS) == len({one.name for one in GLOBALS}) == 25
    assert dict(WAVES) == {"measures": MEASURES, "global": GLOBALS}
    assert all(one.unit and one.meaning for one in (*MEASURES, *GLOBALS))


def test_r_and_s_waves_have_their_heights_in_millivolts(known: dict[str, Signal], usual: Mapping[str, Any]) -> None:
    for row, i in ((0, 0), (1, 1), *((6 + k, 2 + k) for k in range(6))):
        assert known["r"][row] == pytest.approx(usual["R"].mv[i], rel=0.03)
        assert known["s"][row] == pytest.approx(-usual["S"].mv[i], rel=0.06, abs=0.02)
    assert known["r"][lead("III")] == pytest.approx(1.0 - 0.7, abs=0.02)


def test_the_lowest_value_is_that_of_the_whole_complex(known: dict[str, Signal], beat: Signal) -> None:
    np.testing.assert_allclose(known["lowest"], beat[:, :116].min(axis=1), rtol=0.04, atol=0.02)


def test_q_waves_are_deep_and_wide_where_they_are(known: dict[str, Signal]) -> None:
    for name, depth in (("I", 0.10), ("II", 0.08), ("V5", 0.12), ("V6", 0.12)):
        assert known["q"][lead(name)] == pytest.approx(depth, abs=0.02)
        assert 0.012 < known["q-duration"][lead(name)] < 0.035
    assert (known["q"][6:9] < 0.02).all()
    assert known["q/r"][0] == pytest.approx(0.1 / 0.7, abs=0.03)


def test_a_complex_without_r_wave_is_all_q(heart: Heart, usual: Mapping[str, Any]) -> None:
    none = {**usual, "R": usual["R"]._replace(mv=[0.7, 1.0, -0.9, -0.4, 0.8, 1.4, 1.2, 0.9])}
    found = measured(heart(waves=none))
    assert found["r"][lead("V1")] < 0.05
    assert found["q"][lead("V1")] == pytest.approx(-found["lowest"][lead("V1")])
    assert found["q"][lead("V1")] > 0.8
    assert found["q-duration"][lead("V1")] > 0.06
    assert found["q/r"][lead("V1")] > 10


def test_a_wide_q_wave_is_wider_and_its_area_more_negative(
    heart: Heart, known: dict[str, Signal], usual: Mapping[str, Any]
) -> None:
    mv = [-0.1, -0.5, 0.0, 0.0, 0.0, -0.05, -0.12, -0.12]
    found = measured(heart(waves={**usual, "Q": usual["Q"]._replace(at=-0.045, reach=0.03, mv=mv)}))
    assert found["q"][1] == pytest.approx(0.5, rel=0.1)
    assert found["q-duration"][1] > known["q-duration"][1] + 0.008
    assert found["early-negative-area"][1] < 3 * known["early-negative-area"][1] < 0
    assert found["early-area"][1] < known["early-area"][1] - 0.005


def test_polarity_is_that_of_r_against_s(known: dict[str, Signal]) -> None:
    r, s = known["r"], known["s"]
    np.testing.assert_allclose(known["polarity"], (r - s) / (r + s), rtol=1e-4)
    assert known["polarity"][lead("V1")] < -0.4
    assert known["polarity"][lead("V5")] > 0.6


def test_r_peaks_come_as_long_after_the_onset_as_they_do(known: dict[str, Signal]) -> None:
    np.testing.assert_allclose(known["r-time"][[0, 1, 9, 10, 11]], 0.055, atol=0.012)


def test_the_t_wave_has_its_height_and_its_sign(known: dict[str, Signal], usual: Mapping[str, Any]) -> None:
    own = known["t"][[0, 1, *range(6, 12)]]
    np.testing.assert_allclose(own, usual["T"].mv, rtol=0.05, atol=0.01)
    assert known["t"][lead("aVR")] == pytest.approx(-0.25, abs=0.02)
    assert known["t-positive"][lead("V1")] < 0.02
    assert known["t-negative"][lead("V1")] == pytest.approx(-0.1, abs=0.01)
    assert np.sign(known["t-mean"][[0, 3, 6]]).tolist() == [1, -1, -1]


def test_without_infarction_st_is_at_the_level_before_the_complex(known: dict[str, Signal]) -> None:
    for name in ("st+40", "st+80", "st-slope"):
        assert np.abs(known[name]).max() < 0.02


@pytest.mark.parametrize("height", [0.2, -0.15])
def test_a_moved_st_segment_is_measured_in_millivolts(
    heart: Heart, known: dict[str, Signal], usual: Mapping[str, Any], bump: type[Any], height: float
) -> None:
    raised = {**usual, "ST": bump(0.13, 0.1, [0, 0, height, height, height, height, 0, 0])}
    found = measured(heart(waves=raised))
    for name in ("V2", "V3", "V4"):
        assert found["st+80"][lead(name)] == pytest.approx(height, abs=0.03)
        assert np.sign(found["st-slope"][lead(name)]) == np.sign(height)
    assert np.abs(found["st+80"][:6]).max() < 0.02
    st, qrs = found["st+40"][lead("V2")], found["r"][lead("V2")] - found["lowest"][lead("V2")]
    assert found["st/qrs"][lead("V2")] == pytest.approx(st / qrs, rel=0.05)


@pytest.mark.parametrize("gain", [2.0, 0.5])
def test_twice_the_gain_is_twice_the_millivolts_and_the_same_ratios(
    heart: Heart, known: dict[str, Signal], gain: float
) -> None:
    found = measured(gain * heart())
    for name in SCALE:
        if name == "q-duration" or "/" in name or name in ("polarity", "r-time"):
            tall = known["r"] > 0.15  # ratios are against 0.05 mV at least
            np.testing.assert_allclose(found[name][tall], known[name][tall], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose([found[n] for n in HEIGHTS], [gain * known[n] for n in HEIGHTS], rtol=1e-4, atol=1e-6)


def test_a_measure_is_compressed_and_keeps_its_sign(heart: Heart) -> None:
    found = lead_measures(median_beat(heart()))
    assert found.shape == (12, 27)
    assert found.dtype == np.float32
    assert found[1, list(SCALE).index("r")] == pytest.approx(np.arcsinh(1.0 / 0.5), rel=0.01)
    assert found[6, list(SCALE).index("t")] == pytest.approx(np.arcsinh(-0.1 / 0.2), rel=0.05)


def test_leads_are_measured_one_by_one(heart: Heart) -> None:
    found, order = median_beat(heart()), np.random.default_rng(0).permutation(12)
    turned = replace(found, beat=found.beat[order])
    np.testing.assert_array_equal(lead_measures(turned), lead_measures(found)[order])


@pytest.mark.parametrize("rr", [0.6, 0.8, 1.2])
def test_the_recording_has_its_rr_interval_and_qrs_width(heart: Heart, rr: float) -> None:
    found = global_measures(median_beat(heart(rr=rr)), TWELVE)
    assert found.shape == (25,)
    assert found.dtype == np.float32
    assert 0.1 * np.sinh(found[0]) == pytest.approx(0.11, abs=0.03)
    assert 0.8 * np.sinh(found[1]) == pytest.approx(rr, abs=0.002)


def test_with_fewer_leads_there_are_rr_interval_and_qrs_width_alone(heart: Heart) -> None:
    found = median_beat(heart()[:2])
    assert global_measures(found, ("I", "II")).shape == (2,)
    np.testing.assert_array_equal(
        global_measures(replace(found, beat=found.beat[:1]), ("I",)),
        global_measures(found, ("I", "II")),
    )


def test_where_the_heart_is_slow_the_t_wave_ends_later() -> None:
    flat = MedianBeat(np.zeros((1, 475)), 150, 120, 170, 1.0, np.arange(3), 3)
    lengths = [t_wave(replace(flat, rr_s=rr)).shape[1] for rr in (0.2, 0.4, 0.8, 1.0, 1.4, 2.0)]
    assert lengths[0] == lengths[1] < lengths[2] < lengths[3] < lengths[4] == lengths[5]
    assert lengths[3] == 120 + 0.46 * FS - 170 - 0.06 * FS


def test_a_median_beat_without_any_wave_gives_finite_measures() -> None:
    flat = MedianBeat(np.zeros((12, 475)), 150, 120, 170, 0.8, np.arange(3), 3)
    assert np.isfinite(lead_measures(flat)).all()
    assert np.isfinite(global_measures(flat, TWELVE)).all()
