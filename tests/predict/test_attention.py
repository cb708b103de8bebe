"""What stands out in a recording, by its summary; the bounds are those that pages state."""

from __future__ import annotations

from typing import Any

import pytest

from ecg.predict.attention import RULES, points, reasons


def said(**changed: Any) -> dict[str, Any]:
    """The summary of an hour in which nothing stands out, but for what is changed."""
    beats = {"labelled": 1000, "counts": {"N": 1000, "V": 0, "S": 0}, "low_confidence": {"share": 0.0}}
    pauses = {"above_s": 2.0, "count": 0, "longest_s": 1.4, "longest_at_s": 5.0}
    rate = {"mean": 70.0, "lowest": 50.0, "highest": 120.0, "pauses": pauses}
    made = {"beats": beats, "runs": {"V": {"runs": 0}, "S": {"runs": 0}}, "heart_rate": rate}
    return made | {"signal": {"unusable_share": {"flat": 0.0}}} | changed


def run(name: str, n: int, **more: Any) -> dict[str, Any]:
    return said(runs={name: {"runs": n, "longest": 12, "longest_at_s": 61.5, **more}})


def beats(labelled: int, low: float = 0.0, **counts: int) -> dict[str, Any]:
    return said(beats={"labelled": labelled, "counts": counts, "low_confidence": {"share": low}})


def rate(lowest: float = 50.0, highest: float = 120.0, pauses: int = 0, longest: float = 1.4) -> dict[str, Any]:
    of = {"above_s": 2.0, "count": pauses, "longest_s": longest, "longest_at_s": 5.0}
    return said(heart_rate={"mean": 70.0, "lowest": lowest, "highest": highest, "pauses": of})


ATRIAL = {"stretches_s": [[120.0, 400.0]], "share_of_time": 0.379}
CASES: list[tuple[dict[str, Any], int, str, float | None]] = [
    (said(atrial_fibrillation=ATRIAL), 3, "atrial fibrillation or flutter, 37.9 % of the time", 125.0),
    (run("V", 4), 3, "4 runs of V, the longest of 12 beats", 61.5),
    (run("S", 1), 1, "a run of 12 S beats", 61.5),
    (rate(pauses=1, longest=3.01), 3, "an RR interval of 3.0 s", 5.0),
    (rate(pauses=2, longest=3.0), 2, "2 RR intervals above 2 s, the longest 3.0 s", 5.0),
    (beats(1000, N=900, V=100), 2, "10.0 % of the beats are V", None),
    (beats(1000, N=800, S=200), 2, "20.0 % of the beats are S", None),
    (beats(1000, low=0.2, N=1000), 1, "20.0 % of the labels are unsure", None),
    (rate(lowest=39.9), 1, "heart rate down to 40 /min", None),
    (rate(highest=150.4), 1, "heart rate up to 150 /min", None),
    (said(signal={"unusable_share": {"flat": 0.02, "saturated": 0.1}}), 1,
     "10.0 % of the time cannot be used (saturated)", None),
]  # fmt: skip


@pytest.mark.parametrize(("content", "worth", "text", "at_s"), CASES)
def test_each_rule_alone(content: dict[str, Any], worth: int, text: str, at_s: float | None) -> None:
    (reason,) = reasons(content)
    assert (reason.points, reason.text, reason.at_s) == (worth, text, at_s)


@pytest.mark.parametrize(
    "content",
    [
        said(),
        said(atrial_fibrillation={"stretches_s": [], "share_of_time": 0.0}),
        beats(1000, low=0.199, N=802, V=99, S=99),
        rate(lowest=40.0, highest=150.0),
        said(signal={"unusable_share": {"flat": 0.099}}),
        said(signal={"unusable_share": {}}, runs={}),
        said(heart_rate={"mean": None, "lowest": None, "highest": None, "pauses": {"above_s": 2.0, "count": 0}}),
    ],
)
def test_what_is_within_the_bounds_does_not_stand_out(content: dict[str, Any]) -> None:
    assert reasons(content) == []


def test_what_counts_most_comes_first_and_points_add_up() -> None:
    found = reasons(said(atrial_fibrillation=ATRIAL) | {"runs": {"S": {"runs": 2, "longest": 5}, "V": {"runs": 0}}})
    assert [reason.short for reason in found] == ["AF", "S runs"]
    assert found[1].at_s is None  # of a summary that does not say it
    assert points(found) == 4


def test_the_page_states_the_bounds() -> None:
    for words in ("above 3 s", "above 2 s", "10 % or more of the beats", "below 40 or above 150", "20 % or more"):
        assert words in RULES
