"""III, aVR, aVL and aVF of recordings that have I and II alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from ecg.beats.resampling import lead_millivolts
from ecg.errors import EcgError
from ecg.recordings.leads import DERIVED, DERIVED_GAIN, TWELVE, MissingLeadError, with_leads
from ecg.recordings.recording import INVALID_ADU, Recording

Signal = npt.NDArray[np.floating]
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
RULES: dict[str, Callable[[Signal, Signal], Signal]] = {
    "III": lambda one, two: two - one,
    "aVR": lambda one, two: -(one + two) / 2,
    "aVL": lambda one, two: one - two / 2,
    "aVF": lambda one, two: two - one / 2,
}


def recorded(*leads: str, gains: Sequence[float] = (), n: int = 400) -> Recording:
    """Leads with random samples, gains and baselines of their own."""
    count = len(leads)
    return Recording(
        record="x",
        patient="p",
        digital=np.random.default_rng(count).integers(-4000, 4000, (count, n)).astype(np.int32),
        gain=np.array(gains or [200.0 + 100 * i for i in range(count)]),
        baseline=np.arange(count, dtype=np.int32) * 11 - 20,
        fs=500.0,
        leads=leads,
        database="mine",
        gaps=np.array([[3, 4]]),
    )


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("there", [("I", "II"), ("V1", "ii", "i"), (" I ", "V6", "II ")])
def test_a_derived_lead_is_the_arithmetic_of_i_and_ii(name: str, there: tuple[str, ...]) -> None:
    recording = recorded(*there)
    rows = [[lead.strip().upper() for lead in there].index(lead) for lead in ("I", "II")]
    found = with_leads(recording, [name])
    one, two = (recording.millivolts(row).astype(np.float64) for row in rows)
    exact = RULES[name](one, two)
    np.testing.assert_array_equal(found.digital[0], np.rint(exact * DERIVED_GAIN))
    np.testing.assert_allclose(found.millivolts(0), exact, atol=0.51 / DERIVED_GAIN)
    assert (found.leads, found.gain.tolist(), found.baseline.tolist()) == ((name,), [DERIVED_GAIN], [0])
    assert found.digital.dtype == found.baseline.dtype == np.int32


def test_where_the_converter_has_the_same_steps_nothing_is_rounded() -> None:
    recording = recorded("I", "II", gains=[1000.0, 1000.0])
    found = with_leads(recording, list(RULES))
    one, two = recording.digital - recording.baseline[:, None]
    for row, rule in enumerate(RULES.values()):
        np.testing.assert_array_equal(found.digital[row], 10 * rule(one, two))


def test_the_twelve_leads_follow_from_eight_in_the_standard_order() -> None:
    recording = recorded(*EIGHT)
    found = with_leads(recording, TWELVE)
    assert found.leads == TWELVE
    for name in EIGHT:
        np.testing.assert_array_equal(found.millivolts(TWELVE.index(name)), recording.millivolts(EIGHT.index(name)))
    # Goldberger's leads add up to nothing
    np.testing.assert_allclose(sum(found.millivolts(row) for row in (3, 4, 5)), 0, atol=2e-4)


def test_a_lead_that_was_recorded_is_taken_as_it_is() -> None:
    recording = recorded("I", "II", "III", "aVR")
    found = with_leads(recording, ["III", "aVR", "aVL"])
    np.testing.assert_array_equal(found.digital[:2], recording.digital[2:])
    assert found.gain.tolist() == [*recording.gain[2:], DERIVED_GAIN]


def test_an_alternative_that_was_recorded_is_taken_before_one_that_must_be_made() -> None:
    recording = recorded("I", "II", "V5")
    assert with_leads(recording, ["III|V5"]).leads == ("V5",)
    assert with_leads(recording, ["aVF|first"]).leads == ("I",)
    assert with_leads(recording, ["III|V4"]).leads == ("III",)


def test_invalid_samples_of_either_lead_stay_invalid() -> None:
    recording = recorded("I", "II", "V1")
    recording.digital[0, 10:20] = INVALID_ADU
    recording.digital[1, 15:30] = INVALID_ADU
    recording.digital[2, 100:110] = INVALID_ADU
    found = with_leads(recording, [*RULES, "V1"])
    for row in range(4):
        invalid = np.flatnonzero(np.isnan(lead_millivolts(found, row)))
        assert invalid.tolist() == list(range(10, 30))
    assert np.flatnonzero(found.digital[4] == INVALID_ADU).tolist() == list(range(100, 110))


def test_a_valid_sample_is_never_taken_for_an_invalid_one() -> None:
    recording = recorded("I", "II", gains=[1000.0, 1000.0])
    recording.digital[:] = recording.baseline[:, None]
    recording.digital[0, 7] = recording.baseline[0] + 3277
    recording.gain[0] = 1000 * 3277 / 3276.8  # III is -3.2768 mV, which is the mark of an invalid sample
    found = with_leads(recording, ["III"])
    assert np.isfinite(lead_millivolts(found, 0)).all()
    assert found.millivolts(0)[7] == pytest.approx(-3.2768, abs=2 / DERIVED_GAIN)


def test_a_whole_recording_of_any_amplitude_can_be_derived() -> None:
    recording = recorded("I", "II", gains=[100.0, 100.0])
    recording.digital[0], recording.digital[1] = 32_767, -32_767
    found = with_leads(recording, ["III"])
    np.testing.assert_allclose(found.millivolts(0), -655.34 + (recording.baseline[0] - recording.baseline[1]) / 100)


@pytest.mark.parametrize(
    ("there", "wanted", "lead"),
    [
        (("I", "V1"), ("III",), "III"),
        (("II", "V1"), ("aVF",), "aVF"),
        (("I", "II"), ("V1",), "V1"),
        (("I", "II"), ("III", "V1", "V2"), "V1"),
        (("I", "III"), ("II",), "II"),  # two of the three would do, but I and II are what is asked for
    ],
)
def test_a_lead_that_cannot_be_made_is_named(there: tuple[str, ...], wanted: tuple[str, ...], lead: str) -> None:
    with pytest.raises(MissingLeadError, match=rf"^record x: no lead {lead}; it has ") as told:
        with_leads(recorded(*there), wanted)
    assert told.value.lead == lead
    assert isinstance(told.value, EcgError)


def test_all_else_of_the_recording_stays() -> None:
    recording = recorded("I", "II")
    found = with_leads(recording, ["III", "II"])
    for name in ("record", "patient", "fs", "database", "gaps", "annotations", "comments", "n_samples"):
        assert getattr(found, name) is getattr(recording, name) or getattr(found, name) == getattr(recording, name)
    assert recording.leads == ("I", "II")
    np.testing.assert_array_equal(found.digital[1], recording.digital[1])


def test_signals_without_names_are_not_taken_for_i_and_ii() -> None:
    with pytest.raises(MissingLeadError, match="no lead III"):
        with_leads(recorded("ECG1", "ECG2"), ["II", "V1", "III"])


def test_each_of_the_derived_leads_is_one_of_the_twelve() -> None:
    assert {name.upper() for name in RULES} == set(DERIVED) <= {name.upper() for name in TWELVE}
