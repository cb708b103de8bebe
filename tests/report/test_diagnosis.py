"""What a run says of patients with a diagnosis: keys, tables and one sentence of three."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from math import isfinite, nan

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from ecg.data.people import Person
from ecg.metrics.diagnosis import (
    AGE,
    AGE_SEX,
    BESIDE,
    EXTERNAL,
    MODEL,
    SCORERS,
    TEST,
    TREES,
    Estimate,
    Evaluation,
    PatientScores,
    patient_table,
)
from ecg.report.diagnosis import ELSEWHERE, OWN, ROWS, SHORT, Diagnosis, diagnosis

CLASSES = ("normal", "MI")
Group = tuple[str, str, str, int | None, int]
GROUPS: tuple[Group, ...] = (
    (TEST, "ptb-xl", "normal", 0, 30),
    (TEST, "ptb-xl", "MI", 1, 30),
    (BESIDE, "ptb-xl", "other", None, 12),
    (EXTERNAL, "ptbdb", "normal", 0, 10),
    (EXTERNAL, "ptbdb", "MI", 1, 10),
    (EXTERNAL, "ptbdb", "other", None, 10),
    (EXTERNAL, "ludb", "MI", 1, 4),
)


def table(
    groups: Sequence[Group] = GROUPS, *, model: float = 2.0, age: float = 1.0, noise: int = 0, sure: bool = True
) -> pd.DataFrame:
    """Patients of these groups; the classes are so far apart in what the model says, and in age."""
    rng, who = np.random.default_rng(0), []
    for part, database, said, label, n in groups:
        who += [(f"{database}-{said}-{i:03d}", part, database, said, label) for i in range(n)]
    sick = {name: 1.0 if said == "MI" else 0.5 if said == "other" else 0.0 for name, _, _, said, _ in who}
    ages = {name: float(np.round(rng.normal(55 + 10 * age * sick[name], 10))) for name in sick}
    more = np.random.default_rng(100 + noise)
    score = {name: model * sick[name] + float(rng.normal()) + 0.01 * float(more.normal()) for name in sick}
    people = {
        name: Person(database, said, ages[name] if age else nan, str(rng.choice(["male", "female"])))
        for name, _, database, said, _ in who
    }
    parts = {part: [name for name, own, *_ in who if own == part] for part in (TEST, BESIDE, EXTERNAL)}
    scored = {MODEL: PatientScores(score, model / 2), TREES: PatientScores({k: v / 2 for k, v in score.items()}, 0.1)}
    if age:
        scored |= {name: PatientScores(ages, 60.0) for name in (AGE_SEX, AGE)}
    return patient_table(parts, people, {name: label for name, *_, label in who if label is not None}, scored)


def made(tables: Sequence[pd.DataFrame], replicates: int = 100, notes: Sequence[str] = ()) -> Diagnosis:
    found = diagnosis(tables, tables, CLASSES, replicates=replicates, seed=0, notes=notes)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def one() -> Diagnosis:
    return made([table()])


# keys


def test_keys_are_scorer_and_score_and_elsewhere_the_database_before_them(one: Diagnosis) -> None:
    metrics = one.metrics
    assert all(key.startswith("diagnosis/") for key in metrics)
    for scorer in SCORERS:
        for name in ("auroc", "auroc_matched", "auroc_other", "balanced_accuracy", "se_at_sp90", "flagged_other"):
            assert 0 <= metrics[f"diagnosis/{scorer}/{name}"] <= 1
        assert 0 <= metrics[f"diagnosis/ptbdb/{scorer}/auroc"] <= 1
    for scorer in (TREES, AGE_SEX, AGE):
        gap = metrics["diagnosis/model/auroc"] - metrics[f"diagnosis/{scorer}/auroc"]
        assert metrics[f"diagnosis/{scorer}/model_better_by"] == pytest.approx(gap)
        assert f"diagnosis/ptbdb/{scorer}/model_better_by" in metrics
    assert "diagnosis/model/model_better_by" not in metrics


def test_intervals_stand_under_the_same_keys_and_hold_the_values(one: Diagnosis) -> None:
    assert set(one.intervals) <= set(one.metrics)
    for tail in ("model/auroc", "age_alone/model_better_by", "ptbdb/age_alone/auroc"):
        assert f"diagnosis/{tail}" in one.intervals
    for key, (low, high) in one.intervals.items():
        assert low <= one.metrics[key] <= high
        assert isfinite(high)


def test_without_resampling_there_are_no_intervals(one: Diagnosis) -> None:
    plain = made([table()], replicates=0)
    assert plain.intervals == {}
    assert plain.metrics == pytest.approx(one.metrics)


def test_all_numbers_can_be_written_as_json(one: Diagnosis) -> None:
    assert json.loads(json.dumps(one.metrics, allow_nan=False)) == pytest.approx(one.metrics)


# who is in which group


def test_a_database_with_patients_of_one_class_alone_is_left_out(one: Diagnosis) -> None:
    assert list(one.groups) == [OWN, "ptbdb"]
    assert not any("ludb" in key for key in one.metrics)


def test_the_scores_of_another_database_are_those_of_its_patients_alone(one: Diagnosis) -> None:
    alone = [(TEST, database, *rest) for part, database, *rest in GROUPS if part == EXTERNAL and database == "ptbdb"]
    own = table()
    own = own[own["database"] == "ptbdb"].assign(part=TEST)
    assert len(own) == sum(group[-1] for group in alone)  # type: ignore[misc]
    expected = made([own])
    assert {key.replace("diagnosis/ptbdb/", "diagnosis/"): value for key, value in one.metrics.items()
            if key.startswith("diagnosis/ptbdb/")} == pytest.approx(expected.metrics)  # fmt: skip


def test_other_databases_are_scored_over_every_run_and_the_own_patients_over_whole_repeats() -> None:
    tables = [table(noise=noise) for noise in range(3)]
    whole = [one[one["part"] != EXTERNAL] for one in tables[:1]]
    found = diagnosis(whole, tables, CLASSES, replicates=0, seed=0)
    assert found is not None
    each = [made([one], replicates=0).metrics for one in tables]
    assert found.metrics["diagnosis/model/auroc"] == each[0]["diagnosis/model/auroc"]
    key = "diagnosis/ptbdb/model/auroc"
    assert found.metrics[key] == pytest.approx(np.mean([metrics[key] for metrics in each]))


@pytest.mark.parametrize("label", [0, 1])
def test_test_patients_of_one_class_say_nothing(label: int) -> None:
    groups = [group for group in GROUPS if group[0] != TEST or group[3] == label]
    assert diagnosis([table(groups)], [table(groups)], CLASSES, replicates=10, seed=0) is None


def test_patients_of_other_databases_alone_say_nothing() -> None:
    groups = [group for group in GROUPS if group[0] == EXTERNAL]
    assert diagnosis([table(groups)], [table(groups)], CLASSES, replicates=10, seed=0) is None


# tables


def rows_of(found: Sequence[Sequence[object]]) -> list[str]:
    return [str(row[0]) if row else "" for row in found]


def test_the_table_has_a_column_for_every_scorer_and_a_row_for_every_score(one: Diagnosis) -> None:
    assert list(one.table.head) == ["by patient", "this model %", "trees on waves %", "age and sex %", "age alone %"]
    assert one.scorers == tuple(SCORERS)
    shown = rows_of(one.table.rows)
    cut = shown.index("")
    there = [words for key, words in ROWS.items() if f"diagnosis/model/{key}" in one.metrics]
    assert shown[:cut] == there
    assert len(there) > 10
    assert shown[cut + 1 :] == [f"ptbdb: {ROWS[key]}" for key in ELSEWHERE]


def test_the_short_table_has_the_rows_that_matter_most_and_one_of_each_other_database(one: Diagnosis) -> None:
    assert rows_of(one.short.rows) == [*(ROWS[key] for key in SHORT), "", "ptbdb: AUROC"]
    assert one.short.head == one.table.head
    longer = {str(row[0]): row for row in one.table.rows if row}
    assert all(longer[str(row[0])] == row for row in one.short.rows if row)


def test_a_cell_is_the_score_in_percent_above_its_interval(one: Diagnosis) -> None:
    (row,) = [row for row in one.table.rows if row and row[0] == "AUROC"]
    for cell, scorer in zip(row[1:], SCORERS, strict=True):
        low, high = one.intervals[f"diagnosis/{scorer}/auroc"]
        value = one.metrics[f"diagnosis/{scorer}/auroc"]
        assert cell == f"{100 * value:.2f}\n{100 * low:.2f}-{100 * high:.2f}"


def test_a_score_that_a_scorer_has_not_is_a_dash() -> None:
    own = table()
    own["threshold_age_alone"] = nan
    found = made([own], replicates=0)
    (row,) = [row for row in found.table.rows if row and row[0] == "balanced accuracy"]
    assert row[-1] == "-"
    assert "-" not in row[1:-1]


def test_without_ages_there_is_no_column_of_them() -> None:
    found = made([table(age=0)])
    assert list(found.table.head) == ["by patient", "this model %", "trees on waves %"]
    assert "AUROC, same sex, within 5 years" not in rows_of(found.table.rows)
    assert found.verdict == ""


def test_the_words_below_say_who_is_counted_how_and_what_it_means(one: Diagnosis) -> None:
    lines = made([table()], notes=["Counted somehow."]).table.notes.splitlines()
    assert lines == [
        "Patients: 30 MI, 30 normal, beside them 12 of other diagnoses.",
        "ptbdb, never trained on: 10 MI, 10 normal, beside them 10 of other diagnoses.",
        "Counted somehow.",
        one.verdict,
    ]


def test_the_markdown_has_every_row_and_number(one: Diagnosis) -> None:
    text = one.table.markdown
    for row in one.table.rows:
        for cell in row:
            assert str(cell).split("\n")[0] in text
    assert one.verdict.replace("_", r"\_") in text


@pytest.mark.parametrize("scorers", ["all", "no ages"])
def test_the_short_table_fits_into_a_terminal_of_eighty_columns(scorers: str, one: Diagnosis) -> None:
    found = one if scorers == "all" else made([table(age=0)])
    screen = StringIO()
    Console(file=screen, width=80).print(found.short)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    said = " ".join(screen.getvalue().split())
    for row in found.short.rows:
        for cell in row[1:]:
            assert all(part in said for part in str(cell).split("\n"))


# the sentence


def told(gap: Estimate, mine: float = 0.8) -> str:
    """The sentence where the model is better by `gap`."""
    own = {MODEL: {"auroc": Estimate(mine, nan, nan)}, AGE: {"auroc": Estimate(mine - gap.value, nan, nan)}}
    return Diagnosis(CLASSES, {OWN: Evaluation(own, {AGE: gap}, {})}, (MODEL, AGE)).verdict


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ((-0.05, -0.1, -0.01), "worse than the patient's age alone: AUROC 80.00 against 85.00 %, difference -5.00"),
        ((-0.05, -0.1, 0.0), "not shown to be better than the patient's age alone: AUROC 80.00 against 85.00 %"),
        ((0.0, -0.1, 0.1), "not shown to be better than the patient's age alone: AUROC 80.00 against 80.00 %"),
        ((-0.05, nan, nan), "not shown to be better than the patient's age alone: AUROC 80.00 against 85.00 %"),
        ((0.05, -0.01, 0.1), "not shown to be better than the patient's age alone: AUROC 80.00 against 75.00 %"),
        ((0.05, 0.0, 0.1), "not shown to be better than the patient's age alone: AUROC 80.00 against 75.00 %"),
        ((0.05, nan, nan), "not shown to be better than the patient's age alone: AUROC 80.00 against 75.00 %"),
        ((0.05, 0.01, 0.1), "better than the patient's age alone: AUROC 80.00 against 75.00 %, difference 5.00"),
    ],
)
def test_the_sentence_is_one_of_three(gap: tuple[float, float, float], said: str) -> None:
    sentence = told(Estimate(*gap))
    assert sentence.startswith(f"This model is {said}")
    assert sentence.endswith(".")
    assert "nan" not in sentence
    between = " to " if gap[1] < 0 else "-"  # two minus signs in a row cannot be read
    ends = f"({100 * gap[1]:.2f}{between}{100 * gap[2]:.2f})"
    assert (ends in sentence) == isfinite(gap[1])


@pytest.mark.parametrize(
    ("model", "age", "said"),
    [(3.0, 0.5, "is better than"), (1.5, 0.8, "is not shown to be better than"), (0.0, 2.0, "is worse than")],
)
def test_patients_decide_which_one(model: float, age: float, said: str) -> None:
    found = made([table(model=model, age=age)], replicates=300)
    assert f"This model {said} the patient's age alone" in found.verdict
    assert f"AUROC {100 * found.metrics['diagnosis/model/auroc']:.2f} against" in found.verdict
