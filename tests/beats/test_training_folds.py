"""Folds over training patients: choices are made there, and nobody of the standard test set is looked at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.splits import Split, training_folds_split
from ecg.beats.table import Beats
from ecg.errors import EcgError
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.mitdb import DS1, DS2, MITDB

MakeBeats = Callable[..., Beats]
quick = settings(deadline=None, max_examples=30)
TRAINED, TESTED = [f"p{i:02}" for i in range(12)], ["t0", "t1", "t2"]
MINE = BeatDatabase(name="mine", title="Made for this test", test=tuple(TESTED))


def folds(beats: Beats, count: int, **more: object) -> list[Split]:
    usual = {"test_fraction": 0.2, "val_fraction": 0.2, "seed": 0, "repeat": 0, "databases": (MINE,)}
    return [training_folds_split(beats, count=count, index=i, **{**usual, **more}) for i in range(count)]  # type: ignore[arg-type]


def people(beats: Beats, index: np.ndarray) -> set[str]:
    return set(beats.patient[index].tolist())


@pytest.fixture(scope="module")
def beats(make_beats: MakeBeats) -> Beats:
    """Fifteen patients of twenty beats, of whom three test; the first three have most of the ectopic beats."""
    patient = np.repeat(TRAINED + TESTED, 20)
    rng = np.random.default_rng(0)
    y = np.where(rng.random(300) < np.repeat([0.9] * 3 + [0.1] * 12, 20), rng.integers(1, 4, 300), 0)
    return make_beats(patient.tolist(), y.tolist(), database="mine")


@quick
@given(count=st.integers(2, 12), repeat=st.integers(0, 99), seed=st.integers(0, 99), val=st.sampled_from([0, 0.1, 0.3]))
def test_folds_are_disjoint_and_test_every_training_patient_once(
    beats: Beats, count: int, repeat: int, seed: int, val: float
) -> None:
    made = folds(beats, count, repeat=repeat, seed=seed, val_fraction=val)
    tested = [people(beats, one.test) for one in made]
    assert sum(map(len, tested)) == len(TRAINED)
    assert set.union(*tested) == set(TRAINED)
    assert max(map(len, tested)) - min(map(len, tested)) <= 1
    for one in made:
        whole = np.concatenate([one.train, one.val, one.test])
        assert sorted(whole.tolist()) == np.flatnonzero(np.isin(beats.patient, TRAINED)).tolist()
        parts = [people(beats, index) for index in one.subsets.values()]
        assert sum(map(len, parts)) == len(TRAINED)


def test_nobody_of_the_standard_test_set_is_in_any_subset(beats: Beats) -> None:
    for one in folds(beats, 4):
        for index in one.subsets.values():
            assert people(beats, index).isdisjoint(TESTED)


def test_no_validation_patients_are_drawn_where_none_are_wanted(beats: Beats) -> None:
    for one in folds(beats, 4, val_fraction=0):
        assert len(one.val) == 0
        assert len(people(beats, one.train)) == 9
    for one in folds(beats, 4, val_fraction=0.2):
        assert 1 <= len(people(beats, one.val)) <= 3


def test_who_tests_depends_on_the_repeat_and_not_on_the_seed(beats: Beats) -> None:
    first = [one.test.tolist() for one in folds(beats, 4)]
    assert [one.test.tolist() for one in folds(beats, 4, seed=7)] == first
    assert [one.test.tolist() for one in folds(beats, 4)] == first
    assert [one.test.tolist() for one in folds(beats, 4, repeat=1)] != first


@pytest.mark.parametrize("repeat", range(5))
def test_the_patients_with_most_ectopic_beats_are_in_different_folds(beats: Beats, repeat: int) -> None:
    most = set(TRAINED[:3])
    for one in folds(beats, 3, repeat=repeat):
        assert len(people(beats, one.test) & most) == 1


def test_supraventricular_beats_count_as_ectopic(make_beats: MakeBeats) -> None:
    most = set(TRAINED[:3])
    beats = make_beats(np.repeat(TRAINED, 20).tolist(), np.repeat([1] * 3 + [0] * 9, 20).tolist(), database="mine")
    for repeat in range(5):
        for one in folds(beats, 3, repeat=repeat, val_fraction=0):
            assert len(people(beats, one.test) & most) == 1


def test_each_database_is_shared_out_over_the_folds(make_beats: MakeBeats) -> None:
    parts = [make_beats([f"{name}{i}" for i in range(6) for _ in range(5)], [0, 0, 1, 2, 0] * 6, database=name)
             for name in ("mine", "other")]  # fmt: skip
    whole = Beats.concatenate(parts)
    other = BeatDatabase(name="other", title="Another one", test=("other0",))
    for one in folds(whole, 5, databases=(MINE, other)):
        names = whole.database[one.test]
        assert set(names.tolist()) == {"mine", "other"}
        assert "other0" not in people(whole, np.concatenate([*one.subsets.values()]))


def test_where_no_standard_split_says_who_tests_patients_are_drawn_for_it(make_beats: MakeBeats) -> None:
    """Others are left out in another repeat, but the same ones in all folds of one."""
    beats = make_beats([f"p{i}" for i in range(20) for _ in range(10)], [0, 0, 0, 1, 2] * 40, database="new")
    left_out = []
    for repeat in (0, 1):
        made = folds(beats, 4, repeat=repeat, databases=())
        each = [people(beats, np.arange(200)) - people(beats, np.concatenate([*x.subsets.values()])) for x in made]
        assert all(one == each[0] for one in each)
        assert len(each[0]) == 4
        left_out.append(each[0])
    assert left_out[0] != left_out[1]


def test_too_few_patients_and_unknown_ones_are_refused(beats: Beats, make_beats: MakeBeats) -> None:
    with pytest.raises(EcgError, match=r"mine has 12 training patients; set dataset\.folds\.count"):
        folds(beats, 13)
    with pytest.raises(EcgError, match="does not tell whose beats they are"):
        folds(make_beats([""] * 10, [0] * 10), 2)


def test_the_fold_is_told(beats: Beats) -> None:
    made = folds(beats, 4)
    assert [one.name for one in made] == ["folds"] * 4
    assert made[2].by_patient
    (note,) = made[2].notes
    assert "Fold 2 of 4" in note
    assert "standard test set are in no subset" in note


def test_mit_bih_folds_hold_ds1_alone(make_beats: MakeBeats) -> None:
    """Strictly without the man who is in both."""
    records = [*DS1, *DS2]
    record = np.repeat(records, 10)
    beats = make_beats([MITDB.patient(one) for one in record], [0, 0, 0, 0, 0, 0, 0, 1, 2, 3] * len(records),
                       record=record.tolist(), database="mitdb")  # fmt: skip
    seen = {"strict_subjects": set(DS1) - {"201"}, "usual": set(DS1)}
    for kind, expected in seen.items():
        made = folds(beats, 5, databases=(MITDB,), strict_subjects=kind == "strict_subjects")
        for one in made:
            assert set(beats.record[np.concatenate([*one.subsets.values()])].tolist()) == expected
        assert set.union(*(people(beats, one.test) for one in made)) == {MITDB.patient(x) for x in expected}
