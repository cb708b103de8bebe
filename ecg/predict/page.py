"""The page of one recording: its strip to scroll through, rates, beats overlaid, counts, and what labels are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecg.page import render
from ecg.page.numbers import NONE, count, duration, number, percent
from ecg.predict.labelled import Labelled
from ecg.predict.page_data import Reference, page_data
from ecg.predict.scores import COUNTING
from ecg.predict.strip import EVERY_S, SAMPLE_S, make_strip
from ecg.predict.trust import NO_DIAGNOSIS, Trust


def record_page(
    labelled: Labelled, said: Mapping[str, Any], trust: Trust, reference: Reference | None, files: Sequence[str]
) -> str:
    """HTML of one recording's page.

    Args:
        labelled: the recording's beats.
        said: its summary.
        trust: of the weights.
        reference: the reference annotations, where there are any.
        files: names of the other files of this recording.
    """
    strip, recording = make_strip(labelled), labelled.recording
    return render(
        "predict/record.html",
        title=f"{recording.record}: {count(said['beats']['labelled'])} labelled beats in {duration(recording.seconds)}",
        notices=(NO_DIAGNOSIS, trust.short, *trust.warnings, *said["notes"]),
        simulated=recording.simulated,
        said=said,
        data=page_data(labelled, strip, reference),
        strip=strip,
        sample_s=SAMPLE_S,
        every_s=EVERY_S,
        counts=[_counts(labelled, said, name) for name in labelled.classes],
        scores=score_rows(said["scores"], labelled.classes) if said["scores"] else [],
        counting=COUNTING,
        trust=trust,
        info=trust.weights.info,
        missing_s=sum(stop - start for start, stop in said["signal"]["gaps_s"]),
        files=files,
    )


def _counts(labelled: Labelled, said: Mapping[str, Any], name: str) -> list[str]:
    """A class's row: its beats, how probable its label is on average, and how many stand in a row."""
    of = labelled.label == labelled.classes.index(name)
    mean = float(labelled.confidence[of].mean()) if of.any() else None
    counts, runs = said["beats"]["counts"], said["runs"].get(name)
    row = [name, count(counts[name]), percent(counts[name] / max(said["beats"]["labelled"], 1)), percent(mean, 1)]
    return row + [count(runs[key]) if runs else "" for key in ("single", "pairs", "runs", "longest")]


def score_rows(scores: Mapping[str, float], classes: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Name, number of reference beats, Se and +P in percent of each score that is defined."""
    found = scores["r_peaks/matched"] + scores["r_peaks/missed"]
    supports = {name: scores.get(f"beats/{name}/support") for name in classes}
    asked = [("R peaks", "r_peaks/gross", count(found))]
    asked += [(name, f"beats/{name}", count(support)) for name, support in supports.items() if number(support)]
    asked += [(f"{name}, EC57", f"ec57/gross/{name}", "") for name in ("VEB", "SVEB")]
    rows = [
        (name, beats, percent(scores.get(f"{start}/se")), percent(scores.get(f"{start}/ppv")))
        for name, start, beats in asked
    ]
    return [row for row in rows if row[1] or row[2:] != (NONE, NONE)]
