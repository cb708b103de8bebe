"""Limb leads that cannot be what their names say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.quality import UnusableError
from ecg.beats.waves import median_beat
from ecg.beats.waves.electrodes import check_electrodes
from ecg.recordings.leads import TWELVE

Signal = npt.NDArray[np.float64]
Heart = Callable[..., Signal]
UPSIDE_DOWN = "^lead I is upside down, as where the arm electrodes are swapped$"
NO_FIT = r"^leads I, II and III do not fit each other \(II is not I \+ III\)$"


def check(signal: Signal, leads: Sequence[str] = TWELVE) -> None:
    rows = [TWELVE.index(name) for name in leads]
    check_electrodes(median_beat(signal[rows]), leads)


def with_swapped_arms(signal: Signal) -> Signal:
    """I is negated; II and III, and aVR and aVL, change places."""
    made = signal[[0, 2, 1, 4, 3, *range(5, 12)]].copy()
    made[0] *= -1
    return made


def test_a_heart_as_usual_is_not_refused(heart: Heart) -> None:
    check(heart())
    check(heart(noise=0.05, drift=0.5))


def test_swapped_arm_electrodes_are_refused(heart: Heart) -> None:
    with pytest.raises(UnusableError, match=UPSIDE_DOWN):
        check(with_swapped_arms(heart()))


@pytest.mark.parametrize("leads", [("I",), ("I", "II"), ("I", "II", "V6"), ("V6", "I")])
def test_fewer_leads_show_the_swap_too(heart: Heart, leads: tuple[str, ...]) -> None:
    check(heart(), leads)
    with pytest.raises(UnusableError, match=UPSIDE_DOWN):
        check(with_swapped_arms(heart()), leads)


def test_names_of_leads_may_be_in_any_case(heart: Heart) -> None:
    with pytest.raises(UnusableError, match=UPSIDE_DOWN):
        check_electrodes(median_beat(with_swapped_arms(heart())), [name.lower() for name in TWELVE])


def test_without_lead_i_nothing_is_said(heart: Heart) -> None:
    check(with_swapped_arms(heart()), ("II", "V1", "V6"))


def test_a_negative_qrs_complex_behind_an_upright_p_wave_is_no_swap(heart: Heart, usual: Mapping[str, Any]) -> None:
    right = {**usual, "R": usual["R"]._replace(mv=[-0.9, *usual["R"].mv[1:]])}
    check(heart(waves=right))


def test_a_negative_p_wave_alone_is_no_swap(heart: Heart, usual: Mapping[str, Any]) -> None:
    check(heart(waves={**usual, "P": usual["P"]._replace(mv=[-0.1, *usual["P"].mv[1:]])}))


def test_with_v6_upside_down_as_well_nothing_is_said(heart: Heart) -> None:
    signal = with_swapped_arms(heart())
    signal[11] *= -1
    check(signal)


@pytest.mark.parametrize("lead", ["I", "II"])
def test_limb_leads_that_do_not_fit_each_other_are_refused(heart: Heart, lead: str) -> None:
    signal = heart()
    signal[TWELVE.index(lead)] *= -1
    with pytest.raises(UnusableError, match=NO_FIT):
        check(signal)


def test_leads_ii_and_iii_by_each_others_names_are_refused(heart: Heart) -> None:
    signal = heart()
    signal[[1, 2]] = signal[[2, 1]]
    with pytest.raises(UnusableError, match=NO_FIT):
        check(signal)


def test_a_small_misfit_as_of_a_converter_is_not_refused(heart: Heart) -> None:
    signal = heart()
    signal[2] = 1.05 * signal[2] + np.random.default_rng(0).normal(0, 0.03, signal.shape[1])
    check(signal)
