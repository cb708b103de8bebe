"""What each mark on a recording's strip means: of the marks that this recording has, no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ecg.beats.quality import FLAT, HIDDEN, INVALID, SATURATED
from ecg.metrics.ec57 import NO_BEAT
from ecg.page.numbers import count, percent
from ecg.page.words import AAMI
from ecg.predict.labelled import UNLABELLED, Labelled
from ecg.predict.scores import Compared
from ecg.predict.strip import Strip
from ecg.predict.summary import LOW_CONFIDENCE
from ecg.report.style import class_colours

UNLABELLED_COLOUR = "#8A8A8A"
"""Of an R peak without a label."""
OTHER, SAME = "#B00020", "#6b6b6b"
"""Of the reference, where it says something else than the label, and the same."""
_UNUSABLE = {
    INVALID: "no signal: the file marks it as missing",
    FLAT: "flat: the lead does not move",
    SATURATED: "saturated: the amplifier is at its end",
    HIDDEN: "no ECG visible: noise, no contact, or ventricular flutter",
}


class Mark(NamedTuple):
    """One line of the legend.

    Attributes:
        kind: how it is drawn, a class of `viewer.css`: `full`, `outlined`, `word` or `area`.
        text: in it.
        colour: of it.
        meaning: in words.
    """

    kind: str
    text: str
    colour: str
    meaning: str


def legend(labelled: Labelled, said: Mapping[str, Any], strip: Strip, compared: Compared | None) -> list[Mark]:
    """The marks in the order in which a reader meets them: labels, the reference, shaded areas.

    Args:
        labelled: the recording's beats.
        said: its summary.
        strip: that is drawn.
        compared: the same beats beside the reference's, where there are reference annotations.
    """
    colours = class_colours(labelled.classes)
    marks = [Mark("full", n[:2], colours[n], AAMI.get(n, n)) for n in labelled.classes if labelled.count(n)]
    if said["beats"]["low_confidence"]["count"]:
        marks.append(Mark("outlined", "", "#444", f"unsure: the label's probability is below {LOW_CONFIDENCE:g}"))
    if (labelled.label == UNLABELLED).any():
        marks.append(Mark("full", "-", UNLABELLED_COLOUR, "R peak without a label; a tap on it says why"))
    return [*marks, *(_reference(labelled, compared) if compared is not None else ()), *_areas(labelled, said, strip)]


def _reference(labelled: Labelled, compared: Compared) -> list[Mark]:
    """The row below the labels."""
    missed, false = len(compared.match.missed), len(compared.match.extra)
    both = (compared.target != NO_BEAT) & (compared.predicted != NO_BEAT)
    other = int((compared.target != compared.predicted)[both].sum())
    marks = [Mark("word", "N", SAME, "the reference, below each label: it says the same")]
    if other:
        marks.append(Mark("word", "N", OTHER, f"the reference says something else ({count(other)})"))
    if false:
        marks.append(Mark("word", "\u00d7", OTHER, f"false: the reference has no beat here ({count(false)})"))
    return [*marks, Mark("word", "N?", OTHER, f"missed: a beat of the reference that was not found ({count(missed)})")]


def _areas(labelled: Labelled, said: Mapping[str, Any], strip: Strip) -> list[Mark]:
    """Shaded stretches."""
    shares = {why: float(mask.mean()) for why, mask in labelled.examined.unusable.items() if mask.any()}
    told = {why: f"nothing is labelled there ({percent(share)} % of the time)" for why, share in shares.items()}
    marks = [Mark("area", "", "#e4e4e4", f"{_UNUSABLE.get(why, why)}; {more}") for why, more in told.items()]
    if (atrial := said.get("atrial_fibrillation")) and atrial["stretches_s"]:
        share = percent(atrial["share_of_time"], 1)
        marks.append(Mark("area", "", "#e3c9df", f"atrial fibrillation or flutter ({share} % of the time)"))
    if not strip.whole:
        marks.append(Mark("area", "", "#ececec", "not in this page"))
    return marks
