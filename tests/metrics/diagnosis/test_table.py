"""One row per patient, and folds put together so that every patient counts once a repeat."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np
import pandas as pd
import pytest

from ecg.data.people import Person
from ecg.metrics.diagnosis import (
    AGE,
    BESIDE,
    EXTERNAL,
    MODEL,
    TEST,
    TREES,
    PatientScores,
    columns_of,
    patient_table,
    pooled,
    scorers_of,
)

PEOPLE = {
    "a": Person("ptbdb", "MI", 60.0, "male"),
    "b": Person("ptbdb", "normal", 50.0, "female"),
    "c": Person("ptbdb", "other"),
    "d": Person("ludb", "MI", 70.0, "male"),
    "e": Person("mine", "normal"),
}
PARTS = {TEST: ["b", "a"], BESIDE: ["c"], EXTERNAL: ["d", "e"]}
LABEL = {"a": 1, "b": 0, "d": 1, "e": 0}
SCORED = {
    MODEL: PatientScores({"a": 2.0, "b": -1.0, "c": 0.5, "d": 1.0, "e": 0.0}, 0.25),
    AGE: PatientScores({"a": 60.0, "b": 50.0, "d": 70.0}, nan),
}


@pytest.fixture
def table() -> pd.DataFrame:
    return patient_table(PARTS, PEOPLE, LABEL, SCORED)


# a run's table


def test_every_patient_of_every_part_has_one_row_with_who_it_is(table: pd.DataFrame) -> None:
    assert table.index.tolist() == ["b", "a", "c", "d", "e"]
    assert table["part"].tolist() == [TEST, TEST, BESIDE, EXTERNAL, EXTERNAL]
    assert table["database"].tolist() == ["ptbdb", "ptbdb", "ptbdb", "ludb", "mine"]
    assert table["diagnosis"].tolist() == ["normal", "MI", "other", "MI", "normal"]
    assert table["sex"].tolist() == ["female", "male", "", "male", ""]
    np.testing.assert_array_equal(table["age"], [50, 60, nan, 70, nan])
    np.testing.assert_array_equal(table["label"], [0, 1, nan, 1, 0])


def test_each_scorer_has_its_scores_and_its_threshold(table: pd.DataFrame) -> None:
    assert table[MODEL].tolist() == [-1.0, 2.0, 0.5, 1.0, 0.0]
    assert set(table["threshold_model"]) == {0.25}
    np.testing.assert_array_equal(table[AGE], [50, 60, nan, 70, nan])
    assert table["threshold_age_alone"].isna().all()
    assert TREES not in table


def test_scorers_are_named_in_their_usual_order_and_those_without_any_score_are_not() -> None:
    nobody = PatientScores({}, nan)
    found = patient_table(PARTS, PEOPLE, LABEL, {AGE: SCORED[AGE], TREES: nobody, MODEL: SCORED[MODEL]})
    assert scorers_of(found) == [MODEL, AGE]


# columns


def test_columns_hold_the_wanted_parts_and_database_alone(table: pd.DataFrame) -> None:
    own = columns_of([table], (TEST, BESIDE))
    assert own is not None
    assert own.people.index.tolist() == ["b", "a", "c"]
    assert own.scores[MODEL].tolist() == [[-1.0], [2.0], [0.5]]
    ludb = columns_of([table], (EXTERNAL,), "ludb")
    assert ludb is not None
    assert ludb.people.index.tolist() == ["d"]
    assert columns_of([table], (EXTERNAL,), "ptbdb") is None
    assert columns_of([table[table["part"] == TEST]], (EXTERNAL,)) is None


def test_what_is_above_the_threshold_means_mi_and_unknown_stays_unknown(table: pd.DataFrame) -> None:
    table.loc["a", MODEL] = 0.25  # at the threshold: not above
    own = columns_of([table], (TEST, BESIDE))
    assert own is not None
    np.testing.assert_array_equal(own.above[MODEL], [[0], [0], [1]])
    np.testing.assert_array_equal(own.above[AGE], [[nan]] * 3)
    lacking = table.assign(model=[nan, 1.0, 1.0, 1.0, 1.0])
    own = columns_of([lacking], (TEST,))
    assert own is not None
    np.testing.assert_array_equal(own.above[MODEL], [[nan], [1]])


def test_several_tables_are_put_side_by_side_patient_by_patient(table: pd.DataFrame) -> None:
    other = table.assign(model=table[MODEL] + 10, threshold_model=100.0).iloc[::-1]
    own = columns_of([table, other], (TEST,))
    assert own is not None
    assert own.people.index.tolist() == ["b", "a"]
    assert own.scores[MODEL].tolist() == [[-1.0, 9.0], [2.0, 12.0]]
    assert own.above[MODEL].tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_a_scorer_without_scores_of_some_part_is_not_in_its_columns(table: pd.DataFrame) -> None:
    mine = columns_of([table], (EXTERNAL,), "mine")
    assert mine is not None
    assert set(mine.scores) == {MODEL}


# folds and repeats


COUNT = 3
TESTED = [f"t{i:02d}" for i in range(10)]
OTHERS = [f"o{i:02d}" for i in range(7)]


def fold_table(repeat: int, fold: int, beside: Sequence[str] = OTHERS) -> pd.DataFrame:
    """Scores say who gave them: 100 times the repeat and ten times the fold, and the patient's number behind it."""
    order = np.random.default_rng(repeat).permutation(len(TESTED))
    own = sorted(TESTED[i] for place, i in enumerate(order) if place % COUNT == fold)
    parts = {TEST: own, BESIDE: list(beside), EXTERNAL: ["x00"]}
    people = {name: Person("ptbdb", "MI") for name in [*TESTED, *beside]} | {"x00": Person("ludb", "MI")}
    value = {name: 100.0 * repeat + 10.0 * fold + int(name[1:]) / 10 for name in people}
    label = {name: int(name[1:]) % 2 for name in TESTED}
    return patient_table(parts, people, label, {MODEL: PatientScores(value, float(fold))})


def folds(repeats: int, lacking: Sequence[tuple[int, int]] = ()) -> dict[tuple[int, int], pd.DataFrame]:
    every = {(repeat, fold): fold_table(repeat, fold) for repeat in range(repeats) for fold in range(COUNT)}
    return {key: table for key, table in every.items() if key not in lacking}


def by_fold(table: pd.DataFrame) -> pd.Series[int]:
    """The fold whose model gave each score."""
    return (table[MODEL] % 100 // 10).astype(int)


def test_every_test_patient_is_once_in_every_repeat_with_the_score_of_its_fold() -> None:
    whole, lacking = pooled(folds(2), COUNT)
    assert lacking == []
    assert len(whole) == 2
    for repeat, table in enumerate(whole):
        own = table[table["part"] == TEST]
        assert sorted(own.index) == TESTED
        for name in TESTED:
            (fold,) = [f for f in range(COUNT) if name in fold_table(repeat, f).query("part == 'test'").index]
            assert own[MODEL][name] == fold_table(repeat, fold)[MODEL][name]
            assert own.loc[name, "threshold_model"] == fold


def test_whoever_is_beside_is_scored_by_one_fold_in_each_repeat_and_by_all_folds_alike() -> None:
    whole, _ = pooled(folds(2), COUNT)
    for repeat, table in enumerate(whole):
        beside = table[table["part"] == BESIDE]
        assert sorted(beside.index) == OTHERS
        assert sorted(by_fold(beside).value_counts().tolist()) == [2, 2, 3]
        assert (beside[MODEL] // 100 == repeat).all()
        assert (beside["threshold_model"] == by_fold(beside)).all()


def test_patients_of_other_databases_are_in_no_pooled_table() -> None:
    (table,), _ = pooled(folds(1), COUNT)
    assert set(table["part"]) == {TEST, BESIDE}
    assert table.index.is_unique


@pytest.mark.parametrize("missing", [(1, 0), (1, 1), (1, 2)])
def test_a_lacking_fold_drops_its_repeat_and_no_other(missing: tuple[int, int]) -> None:
    whole, lacking = pooled(folds(3, [missing]), COUNT)
    assert lacking == [1]
    assert [set(table[MODEL] // 100) for table in whole] == [{0.0}, {2.0}]


def test_one_fold_alone_is_no_repeat() -> None:
    assert pooled(folds(1, [(0, 1), (0, 2)]), COUNT) == ([], [0])
    assert pooled({}, COUNT) == ([], [])


def test_pooled_repeats_can_be_put_side_by_side() -> None:
    whole, _ = pooled(folds(3), COUNT)
    own = columns_of(whole, (TEST, BESIDE))
    assert own is not None
    assert own.scores[MODEL].shape == (len(TESTED) + len(OTHERS), 3)
    assert (own.scores[MODEL] // 100 == [0, 1, 2]).all()
    assert own.people.loc[TESTED, "label"].tolist() == [i % 2 for i in range(len(TESTED))]


def test_nobody_beside_is_no_trouble() -> None:
    tables = {(0, fold): fold_table(0, fold, beside=()) for fold in range(COUNT)}
    (table,), _ = pooled(tables, COUNT)
    assert sorted(table.index) == TESTED
