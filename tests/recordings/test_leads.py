"""The wanted leads of a recording: by name, first of alternatives, first signal, or place where nothing has a name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.errors import EcgError
from ecg.recordings.leads import one_lead, with_leads
from ecg.recordings.recording import Annotations, Recording


def recorded(*leads: str) -> Recording:
    """Lead i holds the number i, with a gain and baseline of its own."""
    n = len(leads)
    return Recording(
        record="x",
        patient="p",
        digital=np.arange(n, dtype=np.int32)[:, None] + np.zeros((1, 5), dtype=np.int32),
        gain=200.0 + np.arange(n),
        baseline=1000 + np.arange(n, dtype=np.int32),
        fs=360.0,
        leads=leads,
        annotations=Annotations(np.array([2]), np.array(["N"])),
        database="mine",
        gaps=np.array([[3, 4]]),
    )


def rows(recording: Recording) -> list[int]:
    """Which signals of `recorded` they are, the same for samples, gain and baseline."""
    found: list[int] = recording.digital[:, 0].tolist()
    assert (recording.gain - 200).tolist() == (recording.baseline - 1000).tolist() == found
    assert len(recording.leads) == len(found)
    return found


@pytest.mark.parametrize(
    ("there", "wanted", "expected", "names"),
    [
        (("MLII", "V5"), ("MLII",), [0], ("MLII",)),
        (("MLII", "V5"), ("V5",), [1], ("V5",)),
        (("V5", "V2", "mlii"), ("MLII",), [2], ("MLII",)),
        (("MLII", "V5"), ("mlii",), [0], ("mlii",)),
        (("i", " ii ", "v5"), ("II",), [1], ("II",)),
        (("MLII", "V5"), ("V5", "MLII"), [1, 0], ("V5", "MLII")),
        (("I", "II", "III"), ("III", "I", "II"), [2, 0, 1], ("III", "I", "II")),
        # alternatives: the first of them that is there, wherever it stands in the record
        (("V5", "MLII"), ("MLII|II|V5",), [1], ("MLII",)),
        (("V5", "II"), ("MLII|II|V5",), [1], ("II",)),
        (("V2", "V5"), ("MLII|II|V5",), [1], ("V5",)),
        (("V5", "II"), (" mlii | ii ",), [1], ("ii",)),
        (("V5", "II", "V1"), ("MLII|II", "V1|V2"), [1, 2], ("II", "V1")),
        # the first signal keeps its own name
        (("V5", "MLII"), ("first",), [0], ("V5",)),
        (("V5", "MLII"), ("FIRST",), [0], ("V5",)),
        (("V5", "V2"), ("MLII|II|first",), [0], ("V5",)),
        (("V5", "MLII"), ("MLII|II|first",), [1], ("MLII",)),
        (("V5", "MLII"), ("first|MLII",), [0], ("V5",)),
        (("V5", "MLII"), ("MLII", "first"), [1, 0], ("MLII", "V5")),
        # without names: by place
        (("ECG1", "ECG2"), ("MLII",), [0], ("ECG1",)),
        (("ECG1", "ECG2"), ("MLII|II|first",), [0], ("ECG1",)),
        (("ECG1", "ECG2"), ("MLII", "V5"), [0, 1], ("ECG1", "ECG2")),
        (("ECG", "ECG"), ("MLII", "V5"), [0, 1], ("ECG", "ECG")),
        (("ECG1", "ECG2"), ("ECG2",), [1], ("ECG2",)),
        (("ECG1", "ECG2"), ("ecg2", "ecg1"), [1, 0], ("ecg2", "ecg1")),
        (("signal 0", "signal 1"), ("II", "V1"), [0, 1], ("signal 0", "signal 1")),
        (("channel_1", "ch-2", "3", "", "Lead 5"), ("II", "V1"), [0, 1], ("channel_1", "ch-2")),
    ],
)
def test_wanted_leads_are_found_in_the_wanted_order(
    there: tuple[str, ...], wanted: tuple[str, ...], expected: list[int], names: tuple[str, ...]
) -> None:
    found = with_leads(recorded(*there), wanted)
    assert rows(found) == expected
    assert found.leads == names


@pytest.mark.parametrize(
    ("there", "wanted", "said"),
    [
        (("MLII", "V5"), ("V1",), "no lead V1; it has MLII, V5"),
        (("MLII", "V5"), ("MLII", "V1"), "no lead V1; it has MLII, V5"),
        (("V1", "V6"), ("MLII|II|V5",), "none of the leads MLII, II, V5; it has V1, V6"),
        (("V1", "V6"), (" MLII | II ",), "none of the leads MLII, II; it has V1, V6"),
        (("ECG1",), ("MLII", "V5"), "no lead V5; it has ECG1"),
        (("ECG1", "V5"), ("MLII",), "no lead MLII; it has ECG1, V5"),  # one has a name: places say nothing
        (("MLII2", "V5"), ("MLII",), "no lead MLII; it has MLII2, V5"),
        (("aVR", "V5"), ("VR",), "no lead VR; it has aVR, V5"),
    ],
)
def test_a_lead_that_is_not_there_is_said_with_those_that_are(
    there: tuple[str, ...], wanted: tuple[str, ...], said: str
) -> None:
    with pytest.raises(EcgError) as told:
        with_leads(recorded(*there), wanted)
    assert str(told.value) == f"record x: {said}"


@pytest.mark.parametrize("name", ["II", "V5", "MLII", "aVR", "I", "CM5", "ECG lead II", "E1", "Lead II", "ECG1 V5"])
def test_a_name_of_a_lead_is_a_name(name: str) -> None:
    with pytest.raises(EcgError, match="no lead III"):
        with_leads(recorded(name), ["III"])


def test_all_else_of_a_recording_stays() -> None:
    recording = recorded("I", "II", "III")
    found = with_leads(recording, ["III", "I"])
    for name in ("record", "patient", "fs", "annotations", "database", "gaps", "comments", "simulated"):
        assert getattr(found, name) is getattr(recording, name)
    assert found.n_samples == recording.n_samples
    assert recording.leads == ("I", "II", "III")


def test_one_lead_is_that_at_its_place_by_its_new_name() -> None:
    found = one_lead(recorded("I", "II", "III"), 1, "ii")
    assert rows(found) == [1]
    assert found.leads == ("ii",)


@settings(deadline=None, max_examples=60)
@given(
    there=st.lists(
        st.sampled_from(["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V5", "MLII"]),
        min_size=1,
        max_size=6,
        unique=True,
    ),
    data=st.data(),
)
def test_any_leads_of_a_recording_in_any_order_are_those_leads(there: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.permutations(there))[: data.draw(st.integers(1, len(there)))]
    found = with_leads(recorded(*there), wanted)
    assert rows(found) == [there.index(name) for name in wanted]
    assert found.leads == tuple(wanted)
