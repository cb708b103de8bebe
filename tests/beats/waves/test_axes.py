"""Axes and angles of vectors whose directions are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.waves.axes import AXES, KORS, KORS_LEADS, axes
from ecg.recordings.leads import TWELVE

Signal = npt.NDArray[np.float64]
NAMES = [one.name for one in AXES]
ONSET, J, T = 20, 70, slice(100, 200)


def limbs(degrees: float, size: float) -> Signal:
    """The six limb leads of a vector in the frontal plane: I is its part at 0 degrees, II that at 60."""
    at = np.radians(degrees)
    one, two = size * np.cos(at), size * np.cos(np.radians(60) - at)
    return np.array([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2])


def beat(qrs: Signal, t: Signal) -> Signal:
    """A QRS complex and a T wave, each one bell with these heights in the twelve leads; shape [lead, sample]."""
    made = np.zeros((12, 240))
    made[:, ONSET:J] = qrs[:, None] * np.hanning(J - ONSET)
    made[:, T] = t[:, None] * np.hanning(T.stop - T.start)
    return made


def found(made: Signal, leads: tuple[str, ...] = TWELVE) -> dict[str, float]:
    return dict(zip(NAMES, axes(made, ONSET, J, made[:, T], leads).tolist(), strict=True))


def frontal(qrs: float, t: float = 0.0) -> dict[str, float]:
    chest = np.array([-0.3, -0.1, 0.2, 0.5, 0.6, 0.5])
    return found(beat(np.concatenate([limbs(qrs, 1.0), chest]), np.concatenate([limbs(t, 0.3), 0.3 * chest])))


def test_a_vector_in_lead_i_alone_points_to_0_degrees() -> None:
    """Lead I looks there; aVF stands upright on it and sees nothing."""
    assert limbs(0, 1)[[0, 5]] == pytest.approx([1, 0], abs=1e-12)
    one = frontal(0)
    assert (one["qrs-axis-sine"], one["qrs-axis-cosine"]) == pytest.approx((0, 1), abs=1e-9)


@pytest.mark.parametrize("degrees", [-150, -90, -45, -30, 0, 30, 60, 90, 120, 180])
def test_the_axis_is_that_of_the_vector(degrees: float) -> None:
    at = np.radians(degrees)
    one, other = frontal(degrees, t=10), frontal(10, t=degrees)
    assert (one["qrs-axis-sine"], one["qrs-axis-cosine"]) == pytest.approx((np.sin(at), np.cos(at)), abs=1e-9)
    assert (other["t-axis-sine"], other["t-axis-cosine"]) == pytest.approx((np.sin(at), np.cos(at)), abs=1e-9)
    assert one["frontal-angle"] == pytest.approx(np.cos(at - np.radians(10)), abs=1e-9)


def test_twelve_leads_give_23_numbers_each_with_a_name() -> None:
    assert len(AXES) == len(set(NAMES)) == 23
    assert axes(beat(np.ones(12), np.ones(12)), ONSET, J, np.ones((12, 9)), TWELVE).shape == (23,)


def test_without_one_of_the_twelve_leads_there_is_nothing() -> None:
    made = beat(np.ones(12), np.ones(12))
    for row in range(12):
        left = [i for i in range(12) if i != row]
        assert axes(made[left], ONSET, J, made[left][:, T], tuple(TWELVE[i] for i in left)).shape == (0,)
    assert axes(made, ONSET, J, made[:, T], (*TWELVE[:11], "V7")).shape == (0,)


def test_leads_are_known_by_name_in_any_order_and_case() -> None:
    drawn = np.random.default_rng(0)
    made, order = beat(drawn.normal(0, 1, 12), drawn.normal(0, 0.3, 12)), drawn.permutation(12)
    assert found(made[order], tuple(TWELVE[i].lower() for i in order)) == pytest.approx(found(made))


def test_t_along_with_qrs_has_a_cosine_of_1_and_against_it_of_minus_1() -> None:
    qrs = np.concatenate([limbs(40, 1.0), [-0.4, -0.2, 0.3, 0.9, 0.8, 0.6]])
    for sign in (1, -1):
        one = found(beat(qrs, sign * 0.3 * qrs))
        for name in ("frontal-angle", "spatial-angle", "peak-angle"):
            assert one[name] == pytest.approx(sign)


def test_vectors_have_their_length_in_millivolts_and_a_direction_of_length_1() -> None:
    qrs = np.concatenate([limbs(40, 1.0), [-0.4, -0.2, 0.3, 0.9, 0.8, 0.6]])
    eight = [TWELVE.index(name) for name in KORS_LEADS]
    length = float(np.linalg.norm(KORS @ qrs[eight]))
    for gain in (1.0, 2.0):
        one = found(beat(gain * qrs, 0.3 * gain * qrs))
        assert np.sinh(one["qrs-vector"]) == pytest.approx(gain * length, rel=0.01)
        assert 0.2 * np.sinh(one["t-vector"]) == pytest.approx(0.3 * gain * length, rel=0.01)
        direction = [one[f"qrs-{part}"] for part in ("left", "down", "back")]
        np.testing.assert_allclose(direction, KORS @ qrs[eight] / length)


@pytest.mark.parametrize(
    ("lead", "part", "sign"), [("I", "left", 1), ("V6", "left", 1), ("II", "down", 1), ("V1", "back", -1)]
)
def test_directions_are_those_that_the_leads_look_at(lead: str, part: str, sign: int) -> None:
    alone = np.zeros(12)
    alone[TWELVE.index(lead)] = 1
    one, nothing = found(beat(alone, 0 * alone)), found(beat(0 * alone, alone))
    assert sign * one[f"qrs-{part}"] > 0.8
    assert sign * nothing[f"t-{part}"] > 0.8
    assert one[f"t-{part}"] == nothing[f"qrs-{part}"] == 0


def test_r_of_the_chest_leads_grows_and_outgrows_s_somewhere() -> None:
    made = beat(np.zeros(12), np.zeros(12))
    r, s = np.array([0.1, 0.3, 0.6, 1.2, 1.0, 0.8]), np.array([0.9, 1.2, 0.8, 0.3, 0.1, 0.0])
    for i in range(6):
        made[6 + i, ONSET + 10], made[6 + i, ONSET + 30] = r[i], -s[i]
    one = found(made)
    np.testing.assert_allclose([one[f"r-share-V{i}"] for i in range(1, 7)], r / (r + s))
    assert one["transition"] == pytest.approx(3 / 5)
    assert np.sinh(one["r-growth"]) == pytest.approx((1.2 - 0.1) / 0.5)


def test_where_r_never_outgrows_s_the_transition_is_behind_v6() -> None:
    made = beat(np.zeros(12), np.zeros(12))
    made[6:, ONSET + 10], made[6:, ONSET + 30] = 0.2, -0.9
    assert found(made)["transition"] == pytest.approx(6 / 5)


def test_a_flat_beat_has_no_directions_and_all_finite_numbers() -> None:
    one = found(beat(np.zeros(12), np.zeros(12)))
    assert np.isfinite(list(one.values())).all()
    assert {one[name] for name in NAMES if "axis" in name or "angle" in name or "vector" in name} == {0.0}
