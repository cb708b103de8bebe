"""What `ecg predict` and `ecg score` say on the screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ecg.beats.labels import AAMI_CLASSES
from ecg.page.numbers import count, duration, percent
from ecg.predict.overview import INDEX, write_overview
from ecg.predict.page import score_rows
from ecg.predict.pipeline import Outcome
from ecg.predict.scores import COUNTING, Compared, score
from ecg.predict.trust import NO_DIAGNOSIS, Trust
from ecg.progress import track_whole
from ecg.recordings.formats import Found
from ecg.report.tables import NumberTable

_SHOWN = 5
"""So many skipped files are named."""
_AS_IT_IS: dict[str, Any] = {"highlight": False, "soft_wrap": True, "markup": False}


def tell(known: Trust, outcomes: Iterable[Outcome], out: Path, found: Found) -> bool:
    """Tell of the weights, of each recording as it is done, and of all at the end; False if any failed.

    Args:
        known: of the weights.
        outcomes: of the recordings, which may be labelled only as they are asked for.
        out: the results' folder, where several recordings get an overview.
        found: the recordings.
    """
    console, done, total = Console(**_AS_IT_IS), [], len(found.inputs)
    console.print("\n".join([NO_DIAGNOSIS, known.sentence]))
    for warning in (*known.warnings, *known.remarks):
        console.print(f"note: {warning}")
    if total > 1 or found.skipped:
        console.print(_found(found))
    stopped = False
    try:
        for outcome in track_whole(outcomes, "labelling", total):
            done.append(outcome)
            console.print(f"[{len(done)}/{total}] " if total > 1 else "", _lines(outcome), sep="")
    except KeyboardInterrupt:
        if not done:
            raise
        stopped = True
    compared = [one.compared for one in done if one.compared is not None]
    classes = AAMI_CLASSES if known.weights.info.classes == AAMI_CLASSES else ()
    if compared:
        tell_scores(compared, classes)
    if total > 1:
        write_overview(out, done, known, score(compared, classes) if compared else None)
    good = [one.source.record for one in done if not one.error]
    if total > 1:
        failed = f", {len(done) - len(good)} failed" if len(good) < len(done) else ""
        console.print(f"labelled: {len(good)} of {total} recordings{failed}")
    if stopped:
        console.print("stopped; what is done is kept, and the same command with --resume goes on from there")
    if good:
        console.print(f"results: {out}, to look at: {out / (INDEX if total > 1 else f'{good[0]}.html')}")
    errors = Console(stderr=True, **_AS_IT_IS)
    for one in done:
        if one.error:
            errors.print(f"error: {one.error}")
    return len(good) == total


def _found(found: Found) -> str:
    """What will be labelled, and what looked like a recording and is none."""
    said = f"found: {len(found.inputs)} recording{'s' * (len(found.inputs) > 1)}"
    if not found.skipped:
        return said
    more = f"; and {len(found.skipped) - _SHOWN} more" if len(found.skipped) > _SHOWN else ""
    many = f"{len(found.skipped)} file{'s' * (len(found.skipped) > 1)}"
    return f"{said}\nskipped: {many}: {'; '.join(found.skipped[:_SHOWN])}{more}"


def _lines(outcome: Outcome) -> str:
    """What became of a recording, and what is to be noted of it."""
    record, content = outcome.source.record, outcome.content
    if content is None:
        return f"{record}: failed: {outcome.error}"
    beats, signal, rate = content["beats"], content["signal"], content["heart_rate"]
    counts = ", ".join(f"{name} {count(n)}" for name, n in beats["counts"].items())
    mean = "" if rate["mean"] is None else f", {rate['mean']:.0f} beats/min"
    found, unsure = count(content["r_peaks"]["count"]), percent(beats["low_confidence"]["share"], 1)
    length = f"{record}: lead {signal['lead']}, {duration(signal['seconds'])}{mean}"
    lines = [f"{length}; {found} R peaks: {counts}; {unsure} % unsure"]
    if "atrial_fibrillation" in content:
        atrial = content["atrial_fibrillation"]
        number, share = len(atrial["stretches_s"]), percent(atrial["share_of_time"], 1)
        many = "1 stretch" if number == 1 else f"{number} stretches"
        lines.append(
            f"  atrial fibrillation or flutter: {f'{many}, {share} % of the time' if number else 'none found'}"
        )
    if "whole_record" in content:
        mean_p = ", ".join(f"{name} {100 * p:.1f} %" for name, p in content["whole_record"].items())
        lines.append(f"  mean probability over all beats: {mean_p}")
    lines += [f"  R peaks without a label: {count(n)} ({why})" for why, n in beats["not_labelled"].items()]
    return "\n".join([*lines, *(f"  note: {note}" for note in content["notes"])])


def tell_scores(records: Sequence[Compared], classes: Sequence[str]) -> None:
    """A table of scores over all records, with the means of the records beside them."""
    scores, several = score(records, classes), len(records) > 1
    head = ("", "beats", "Se %", "+P %", *(("mean Se %", "mean +P %") if several else ()))
    rows = [(*row, *(_means(scores, row[0]) if several else ())) for row in score_rows(scores, classes)]
    if jk := scores.get("beats/jk"):
        rows.append(("jκ index", "", percent(jk), "", *(("", "") if several else ())))
    title = f"Against the reference, {len(records)} record{'s' if several else ''}"
    Console(highlight=False).print(NumberTable(head, rows, COUNTING, title))


def _means(scores: dict[str, float], name: str) -> list[str]:
    prefix = {"R peaks": "r_peaks/average", "VEB, EC57": "ec57/average/VEB", "SVEB, EC57": "ec57/average/SVEB"}
    start = prefix.get(name, f"beats/average/{name}")
    return [percent(scores.get(f"{start}/{key}")) for key in ("se", "ppv")]
