"""What to look at first among many recordings: plain rules on each one's summary, and no medical advice.

| what stands out | from | points |
|---|---|---|
| atrial fibrillation or flutter | one stretch | 3 |
| runs of V | one of three beats | 3 |
| a pause | an RR interval above 3 s | 3 |
| pauses | an RR interval above 2 s | 2 |
| many V, many S | 10 % of the labelled beats | 2 |
| runs of S | one of three beats | 1 |
| slow, fast | below 40, above 150 beats/min over ten RR intervals | 1 |
| unsure | 20 % of the labels | 1 |
| poor signal | 10 % of the time unusable | 1 |

Points are added up; the recording with the most comes first. Nothing found is no sign of health.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecg.page.numbers import count, percent
from ecg.predict.summary import PAUSE_S

MANY = 0.1
"""Share of V or S from which they are many: from 10 % of premature ventricular beats on, guidelines look at the heart's
function (EHRA/HRS/APHRS consensus 2014, doi 10.1093/europace/euu194)."""
LONG_PAUSE_S = 3.0
"""A pause that is a sign of sinus node disease by itself (doi 10.1161/CIR.0000000000000628)."""
SLOW, FAST = 40.0, 150.0
"""Heart rates in beats/min, each over ten RR intervals in a row."""
UNSURE, POOR = 0.2, 0.1
"""Share of labels of low confidence, and of the time that cannot be used."""
INSIDE_S = 5.0
"""So long after its start a stretch of atrial fibrillation is shown."""
RULES = (
    "The first are those with the most points. 3 points: atrial fibrillation or flutter; runs of three or more V; a "
    f"pause above {LONG_PAUSE_S:g} s. 2: pauses above {PAUSE_S:g} s; {MANY:.0%} or more of the beats V, or S. 1: "
    f"runs of three or more S; a heart rate below {SLOW:g} or above {FAST:g} /min over ten RR intervals; "
    f"{UNSURE:.0%} or more of the labels unsure; {POOR:.0%} or more of the time unusable. They sort what the labels "
    "say, right or wrong, and are no medical advice."
).replace("%", " %")
"""For readers of a page."""


class Reason(NamedTuple):
    """Why to look at a recording.

    Attributes:
        points: how much it counts.
        short: in a word or two.
        text: in plain words, with the number.
        at_s: where to look, in s; None where it is a matter of the whole recording.
    """

    points: int
    short: str
    text: str
    at_s: float | None = None


def reasons(said: Mapping[str, Any]) -> list[Reason]:
    """What stands out in a recording, what counts most first.

    Args:
        said: its summary, as `RECORD.json` holds it.
    """
    found = [*_rhythm(said), *_ectopy(said), *_rate(said), *_doubts(said)]
    return sorted(found, key=lambda reason: -reason.points)


def points(found: Sequence[Reason]) -> int:
    """How much there is to look at."""
    return sum(reason.points for reason in found)


def _rhythm(said: Mapping[str, Any]) -> Iterator[Reason]:
    atrial = said.get("atrial_fibrillation")
    if atrial and atrial["stretches_s"]:
        text = f"atrial fibrillation or flutter, {percent(atrial['share_of_time'], 1)} % of the time"
        yield Reason(3, "AF", text, atrial["stretches_s"][0][0] + INSIDE_S)


def _ectopy(said: Mapping[str, Any]) -> Iterator[Reason]:
    beats = said["beats"]
    for name, worth in (("V", 3), ("S", 1)):
        of = said["runs"].get(name, {"runs": 0})
        if n := of["runs"]:
            longest = count(of["longest"])
            text = f"{count(n)} runs of {name}, the longest of {longest} beats"
            text = text if n > 1 else f"a run of {longest} {name} beats"
            yield Reason(worth, f"{name} runs", text, of.get("longest_at_s"))
        share = beats["counts"].get(name, 0) / max(beats["labelled"], 1)
        if share >= MANY:
            yield Reason(2, f"many {name}", f"{percent(share, 1)} % of the beats are {name}")


def _rate(said: Mapping[str, Any]) -> Iterator[Reason]:
    rate = said["heart_rate"]
    pauses = rate["pauses"]
    if n := pauses["count"]:
        longest, many = pauses["longest_s"], f"{count(n)} RR intervals above {pauses['above_s']:g} s, the longest"
        text = f"{many if n > 1 else 'an RR interval of'} {longest:.1f} s"
        yield Reason(3 if longest > LONG_PAUSE_S else 2, "pauses", text, pauses.get("longest_at_s"))
    if rate["mean"] is None:
        return
    if rate["lowest"] < SLOW:
        yield Reason(1, "slow", f"heart rate down to {count(rate['lowest'])} /min")
    if rate["highest"] > FAST:
        yield Reason(1, "fast", f"heart rate up to {count(rate['highest'])} /min")


def _doubts(said: Mapping[str, Any]) -> Iterator[Reason]:
    low = said["beats"]["low_confidence"]["share"]
    if low >= UNSURE:
        yield Reason(1, "unsure", f"{percent(low, 1)} % of the labels are unsure")
    why, share = max(said["signal"]["unusable_share"].items(), key=lambda one: one[1], default=("", 0.0))
    if share >= POOR:
        yield Reason(1, "poor signal", f"{percent(share, 1)} % of the time cannot be used ({why})")
