"""The page of one recording: its strip to scroll through, rates, beats overlaid, counts, and what labels are worth."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.quality import INVALID, stretches
from ecg.page import render
from ecg.page.numbers import NONE, count, duration, number, percent
from ecg.predict.labelled import Labelled
from ecg.predict.leads import NO_OTHERS, OtherLeads
from ecg.predict.legend import UNLABELLED_COLOUR, legend
from ecg.predict.scores import COUNTING, Compared
from ecg.predict.strip import EVERY_S, SAMPLE_S, STEP_MV, Strip, make_strip
from ecg.predict.summary import LOW_CONFIDENCE
from ecg.predict.trust import NO_DIAGNOSIS, Trust
from ecg.report.style import class_colours


def record_page(
    labelled: Labelled,
    said: Mapping[str, Any],
    trust: Trust,
    compared: Compared | None,
    files: Sequence[str],
    leads: OtherLeads = NO_OTHERS,
) -> str:
    """HTML of one recording's page.

    Args:
        labelled: the recording's beats.
        said: its summary.
        trust: of the weights.
        compared: the same beats beside the reference's, where there are reference annotations.
        files: names of the other files of this recording.
        leads: the other leads, where the page is to have them.
    """
    strip, recording = make_strip(labelled), labelled.recording
    reference = {"reference": _reference(labelled, compared)} if compared is not None else {}
    return render(
        "predict/record.html",
        title=f"{recording.record}: {count(said['beats']['labelled'])} labelled beats in {duration(recording.seconds)}",
        notices=(NO_DIAGNOSIS, trust.short, *trust.warnings, *said["notes"]),
        simulated=recording.simulated,
        said=said,
        data=_data(labelled, said, strip) | {"leads": _leads(leads)} | reference,
        legend=legend(labelled, said, strip, compared),
        leads=leads,
        facts=_facts(labelled, said),
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
    return row + [count(runs[key]) if runs else "-" for key in ("single", "pairs", "runs", "longest")]


def score_rows(scores: Mapping[str, float], classes: Sequence[str]) -> list[tuple[str, ...]]:
    """Name, number of reference beats, Se and +P in percent of each score that is defined."""
    found = scores["r_peaks/matched"] + scores["r_peaks/missed"]
    supports = {name: scores.get(f"beats/{name}/support") for name in classes}
    asked = [("R peaks", "r_peaks/gross", count(found))]
    asked += [(name, f"beats/{name}", count(support)) for name, support in supports.items() if number(support)]
    asked += [(f"{name}, EC57", f"ec57/gross/{name}", "") for name in ("VEB", "SVEB")]
    for what in ("episodes", "duration"):
        marked = scores.get("fibrillation/episodes/marked", 0.0)
        said = f"atrial fibrillation, {what}"
        asked += [(said, f"fibrillation/{what}", count(marked) if what == "episodes" else "")] if marked else []
    rows = [(name, n, *(percent(scores.get(f"{start}/{key}")) for key in ("se", "ppv"))) for name, start, n in asked]
    return [row for row in rows if row[1] or row[2:] != (NONE, NONE)]


def _facts(labelled: Labelled, said: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What a reader came for: name, value, and what is worth knowing beside it."""
    beats, rate = said["beats"], said["heart_rate"]
    hours = labelled.recording.seconds / 3600
    facts = [("labelled beats", count(beats["labelled"]), duration(labelled.recording.seconds))]
    if rate["mean"] is not None:
        facts.append(
            ("heart rate", f"{count(rate['mean'])} /min", f"{count(rate['lowest'])} to {count(rate['highest'])}")
        )
    for name in labelled.classes[1:]:
        if n := beats["counts"][name]:
            runs = said["runs"].get(name, {}).get("runs", 0)
            of_three = f", {count(runs)} run{'s' * (runs > 1)}" if runs else ""
            beside = f"{count(n / hours)} an hour{of_three}" if hours >= 0.25 else ""
            facts.append((name, count(n), beside))
    if (atrial := said.get("atrial_fibrillation")) is not None:
        found = len(atrial["stretches_s"])
        told = f"{found} stretch{'es' * (found != 1)}" if found else "none of 30 s or more"
        facts.append(("atrial fibrillation", f"{percent(atrial['share_of_time'], 1)} %", told))
    if n := sum(beats["not_labelled"].values()):
        facts.append(("without a label", count(n), "R peaks that are not guessed"))
    return facts


def _data(labelled: Labelled, said: Mapping[str, Any], strip: Strip) -> dict[str, object]:
    """The recording as the page's script reads it, to be written as one JSON object.

    Numbers of many beats are base64 of little-endian arrays: time in 0.1 ms (uint32), RR before it in ms (uint16, 0 for
    unknown), label, reason and reference (uint8), probability in 1/65535, rounded down (uint16, [beat, class]).
    """
    fs, unusable = labelled.recording.fs, labelled.examined.unusable
    reasons, names = sorted(set(labelled.reason.tolist())), [*labelled.classes, "-"]
    rr = np.nan_to_num(labelled.rr_s, nan=0.0) * 1000
    return {
        "classes": names,
        "colours": [*class_colours(labelled.classes).values(), UNLABELLED_COLOUR],
        "seconds": labelled.recording.seconds,
        "lead": labelled.recording.leads[0],
        "low": LOW_CONFIDENCE,
        "fs": strip.fs,
        "step": STEP_MV,
        "range": [strip.low, strip.high],
        "stretches": strip.stretches.tolist(),
        "strip": strip.code,
        "bad": [[*(part / fs).round(3).tolist(), why] for why, mask in unusable.items() for part in stretches(mask)],
        "atrial": said.get("atrial_fibrillation", {}).get("stretches_s", []),
        "reasons": reasons,
        "beats": {
            "time": _code(np.rint(labelled.seconds * 1e4), "<u4"),
            "rr": _code(np.clip(np.rint(rr), 0, 65535), "<u2"),
            "label": _code(np.where(labelled.label < 0, len(labelled.classes), labelled.label), "u1"),
            "reason": _code(np.searchsorted(reasons, labelled.reason), "u1"),
            "probability": _code(np.floor(np.nan_to_num(labelled.probability, nan=0.0) * 65535.0), "<u2"),
        },
    }


def _leads(leads: OtherLeads) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "range": [strip.low, strip.high],
            "stretches": strip.stretches.tolist(),
            "strip": strip.code,
            "bad": [[*gap, INVALID] for gap in leads.gaps_s[name]],
        }
        for name, strip in leads.strips.items()
    ]


def _reference(labelled: Labelled, compared: Compared) -> dict[str, object]:
    """The reference's AAMI names of all R peaks found, `-` where it has none there, and its beats that were not."""
    pairs, missed = compared.match.pairs, ~compared.found
    named = np.array([*AAMI_CLASSES, "beat"])[compared.target]
    of_beat = np.full(len(labelled), "-", dtype=named.dtype)
    of_beat[pairs[:, 1]] = named[: len(pairs)]
    kinds = sorted({*of_beat.tolist(), *named[missed].tolist(), "-"})
    return {
        "kinds": kinds,
        "of": _code(np.searchsorted(kinds, of_beat), "u1"),
        "missed": _code(np.rint(compared.seconds[missed] * 1e4), "<u4"),
        "missedKind": _code(np.searchsorted(kinds, named[missed]), "u1"),
    }


def _code(values: npt.NDArray[np.generic], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()
