"""What `ecg predict` and `ecg score` say on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from ecg.beats.labels import AAMI_CLASSES
from ecg.page.numbers import count, duration, percent
from ecg.predict.overview import INDEX, write_overview
from ecg.predict.page import score_rows
from ecg.predict.scores import COUNTING, Compared, score
from ecg.predict.story import Outcome
from ecg.predict.trust import NO_DIAGNOSIS, Trust


class Teller:
    """Tells of each recording as it is done, and of all at the end."""

    def __init__(self, known: Trust, out: Path, total: int) -> None:
        self.known = known
        self.out = out
        self.total = total
        self.done = 0
        self.console = Console(highlight=False, soft_wrap=True, markup=False)

    def begin(self) -> None:
        """What must be known before any label."""
        self.console.print(NO_DIAGNOSIS)
        self.console.print(self.known.sentence)
        for warning in (*self.known.warnings, *self.known.remarks):
            self.console.print(f"note: {warning}")

    def tell(self, outcome: Outcome) -> None:
        """One line, and the notes, on one recording."""
        self.done += 1
        place = f"[{self.done}/{self.total}] " if self.total > 1 else ""
        record = outcome.source.record
        if outcome.content is None:
            self.console.print(f"{place}{record}: failed: {outcome.error}")
            return
        content = outcome.content
        beats, signal, rate = content["beats"], content["signal"], content["heart_rate"]
        counts = ", ".join(f"{name} {count(n)}" for name, n in beats["counts"].items())
        mean = "" if rate["mean"] is None else f", {rate['mean']:.0f} beats/min"
        self.console.print(
            f"{place}{record}: lead {signal['lead']}, {duration(signal['seconds'])}{mean}; "
            f"{count(content['r_peaks']['count'])} R peaks: {counts}; "
            f"{percent(beats['low_confidence']['share'], 1)} % unsure"
        )
        if "whole_record" in content:
            mean_p = ", ".join(f"{name} {100 * p:.1f} %" for name, p in content["whole_record"].items())
            self.console.print(f"  mean probability over all beats: {mean_p}")
        for why, n in beats["not_labelled"].items():
            self.console.print(f"  R peaks without a label: {count(n)} ({why})")
        for note in content["notes"]:
            self.console.print(f"  note: {note}")

    def finish(self, outcomes: Sequence[Outcome]) -> bool:
        """Scores, the overview of several recordings, where the results are; errors last. False if there were any."""
        compared = [one.compared for one in outcomes if one.compared is not None]
        classes = AAMI_CLASSES if self.known.weights.info.classes == AAMI_CLASSES else ()
        if compared:
            tell_scores(compared, classes)
        good = [one for one in outcomes if one.content is not None]
        if self.total > 1:
            write_overview(self.out, outcomes, self.known, score(compared, classes) if compared else None)
        if good:
            page = INDEX if self.total > 1 else f"{good[0].source.record}.html"
            self.console.print(f"results: {self.out}, to look at: {self.out / page}")
        errors = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        for one in outcomes:
            if one.error:
                errors.print(f"error: {one.error}")
        return len(good) == len(outcomes)


def tell_scores(records: Sequence[Compared], classes: Sequence[str]) -> None:
    """A table of scores over all records, with the means of the records beside them."""
    scores = score(records, classes)
    title = f"Against the reference, {len(records)} record{'s' if len(records) > 1 else ''}"
    table = Table("", title=title, box=box.SIMPLE_HEAD, title_justify="left", caption=COUNTING, caption_justify="left")
    for name in ("beats", "Se %", "+P %", *(("mean Se %", "mean +P %") if len(records) > 1 else ())):
        table.add_column(name, justify="right")
    for name, *cells in score_rows(scores, classes):
        table.add_row(name, *cells, *(_means(scores, name) if len(records) > 1 else ()))
    Console(highlight=False).print(table)


def _means(scores: dict[str, float], name: str) -> list[str]:
    prefix = {"R peaks": "r_peaks/average", "VEB, EC57": "ec57/average/VEB", "SVEB, EC57": "ec57/average/SVEB"}
    start = prefix.get(name, f"beats/average/{name}")
    return [percent(scores.get(f"{start}/{key}")) for key in ("se", "ppv")]
