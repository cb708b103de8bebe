"""What a run says of patients with a diagnosis: its table, its verdict, and the keys of metrics.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import pandas as pd

from ecg.metrics.diagnosis import (
    AGE,
    BESIDE,
    EXTERNAL,
    FEWEST,
    MODEL,
    SCORERS,
    TEST,
    Estimate,
    Evaluation,
    columns_of,
    evaluate,
    scorers_of,
)
from ecg.page.numbers import interval, percent
from ecg.recordings.databases.diagnosis import NORMAL, OTHER
from ecg.report.tables import NumberTable

BESIDE_WORDS = {NORMAL: "of other diagnoses", OTHER: "normal"}
"""Who is beside a class that MI is compared with."""
OWN = "own"
"""The databases that trained."""
ROWS: Mapping[str, str] = {
    "auroc": "AUROC",
    "auroc_matched": "AUROC, same sex, within 5 years",
    "auroc_under_50": "AUROC under 50 years",
    "auroc_50_to_64": "AUROC at 50 to 64",
    "auroc_from_65": "AUROC from 65 on",
    "auroc_normal": "AUROC against normal",
    "auroc_other": "AUROC against other diagnoses",
    "balanced_accuracy": "balanced accuracy",
    "se_at_sp90": "Se at Sp 90 %",
    "false_alarms_under_50": "false alarms under 50",
    "false_alarms_50_to_64": "false alarms at 50 to 64",
    "false_alarms_from_65": "false alarms from 65 on",
    "flagged_other": "other diagnoses flagged",
}
"""Scores in the order to show; false alarms and what is flagged are at a specificity of 90 %."""
SHORT = ("auroc", "auroc_matched", "auroc_other", "balanced_accuracy", "se_at_sp90", "flagged_other")
ELSEWHERE = ("auroc", "auroc_other", "balanced_accuracy", "se_at_sp90")
"""Rows of a database that trained nothing."""


@dataclass(frozen=True)
class Diagnosis:
    """What is known of a run's, or of many runs', patients.

    Attributes:
        classes: of the question.
        groups: `own` and every database that was tested and not trained.
        scorers: by name, the model first.
        notes: how it was counted.
    """

    classes: Sequence[str]
    groups: Mapping[str, Evaluation]
    scorers: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        """Under `diagnosis/<scorer>/<score>` and, elsewhere, `diagnosis/<database>/<scorer>/<score>`."""
        return {key: one.value for key, one in self._keyed().items()}

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals by the same keys, where there are such."""
        return {key: (one.low, one.high) for key, one in self._keyed().items() if isfinite(one.low)}

    def _keyed(self) -> dict[str, Estimate]:
        found: dict[str, Estimate] = {}
        for group, evaluation in self.groups.items():
            start = "diagnosis/" if group == OWN else f"diagnosis/{group}/"
            for scorer, scores in evaluation.estimates.items():
                found |= {f"{start}{scorer}/{name}": one for name, one in scores.items()}
            found |= {f"{start}{scorer}/{MODEL}_better_by": one for scorer, one in evaluation.better.items()}
        return found

    @property
    def table(self) -> NumberTable:
        """In percent, a column per scorer, with intervals."""
        return self._table(ROWS, ELSEWHERE)

    @property
    def short(self) -> NumberTable:
        """The rows that matter most, for the terminal."""
        return self._table(SHORT, ("auroc",))

    def _table(self, own: Iterable[str], elsewhere: Iterable[str]) -> NumberTable:
        rows: list[tuple[str, ...]] = []
        for group, evaluation in self.groups.items():
            if rows:
                rows.append(())
            for name in own if group == OWN else elsewhere:
                words = ROWS[name]
                found = [evaluation.estimates.get(scorer, {}).get(name) for scorer in self.scorers]
                if any(one is not None for one in found):
                    said = words if group == OWN else f"{group}: {words}"
                    rows.append((said, *map(_cell, found)))
        head = ("by patient", *(f"{SCORERS[scorer]} %" for scorer in self.scorers))
        notes = [*map(self._counted, self.groups), *self.few, *self.notes, self.verdict]
        return NumberTable(head, rows, "\n".join(filter(None, notes)))

    @property
    def few(self) -> list[str]:
        """What a reader must be told first of groups of too few patients."""
        few = [name for name, one in self.groups.items() if min(one.counts["0"], one.counts["1"]) < FEWEST]
        said = f"Fewer than {FEWEST} patients of a class say next to nothing, and have no interval"
        return [f"{said}: {', '.join('the test patients' if name == OWN else name for name in few)}."] if few else []

    def _counted(self, group: str) -> str:
        counts = self.groups[group].counts
        outside = counts[NORMAL] + counts[OTHER] - counts["0"]
        who = BESIDE_WORDS.get(self.classes[0], "others")
        beside = f", beside them {outside:,} {who}" if outside else ""
        name = "Patients" if group == OWN else f"{group}, never trained on"
        return f"{name}: {counts['1']:,} {self.classes[1]}, {counts['0']:,} {self.classes[0]}{beside}."

    @property
    def verdict(self) -> str:
        """Whether the model beats the patient's age alone; empty where no age is known."""
        own = self.groups[OWN]
        if AGE not in own.better:
            return ""
        mine, theirs = (own.estimates[name]["auroc"].value for name in (MODEL, AGE))
        gap = own.better[AGE]
        said = f"AUROC {percent(mine)} against {percent(theirs)} %, difference {percent(gap.value)}"
        said += f" ({interval((gap.low, gap.high))})" if isfinite(gap.low) else ""
        said += "" if isfinite(gap.low) else "; no interval was computed"
        is_ = "is better" if gap.low > 0 else "is worse" if gap.high < 0 else "is not shown to be better"
        return f"This model {is_} than the patient's age alone: {said}."


def _cell(one: Estimate | None) -> str:
    if one is None:
        return "-"
    pair = (one.low, one.high) if isfinite(one.low) else None
    return f"{percent(one.value)}\n{interval(pair)}".strip()


def diagnosis(
    tables: Sequence[pd.DataFrame],
    everywhere: Sequence[pd.DataFrame],
    classes: Sequence[str],
    *,
    replicates: int,
    seed: int,
    notes: Sequence[str] = (),
) -> Diagnosis | None:
    """The evaluation of patient tables.

    Args:
        tables: of one run, or one for each repeat of a cross-validation; all hold the same test patients.
        everywhere: those of every run, whose patients of other databases are all the same.
        classes: of the question.
        replicates: of the bootstrap; 0: no intervals.
        seed: of the bootstrap.
        notes: how it was counted.

    Returns:
        None where there is no table, or the test patients are of one class.
    """
    if not tables:
        return None
    how = {"model": MODEL, "replicates": replicates, "seed": seed}
    own = columns_of(tables, (TEST, BESIDE))
    if own is None or own.people["label"].dropna().nunique() < 2:
        return None
    groups = {OWN: evaluate(own, **how)}  # type: ignore[arg-type]
    outside = everywhere[0]["part"] == EXTERNAL
    for name in everywhere[0].loc[outside, "database"].unique():
        one = columns_of(everywhere, (EXTERNAL,), str(name))
        if one is not None and one.people["label"].dropna().nunique() == 2:
            groups[str(name)] = evaluate(one, **how)  # type: ignore[arg-type]
    return Diagnosis(tuple(classes), groups, tuple(scorers_of(tables[0])), tuple(notes))
