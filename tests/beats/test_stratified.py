"""Splits of patients with one class each: nobody in two subsets, both classes in each, folds that share out all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.grouping import evenly_spaced
from ecg.beats.splits import Split
from ecg.beats.stratified import folds_split, one_class_each, stratified_split
from ecg.beats.table import Beats
from ecg.errors import EcgError

CLASSES = ("normal", "MI")
MakeBeats = Callable[..., Beats]
quick = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 2**31 - 1)


def cohort(make_beats: MakeBeats, healthy: int, sick: int, seed: int = 0) -> Beats:
    """Patients with one to nine beats each, in mixed order."""
    rng = np.random.default_rng(seed)
    people = [(f"h{i}", 0) for i in range(healthy)] + [(f"s{i}", 1) for i in range(sick)]
    rows = [person for i in rng.permutation(len(people)) for person in [people[i]] * int(rng.integers(1, 10))]
    return make_beats([name for name, _ in rows], [label for _, label in rows])


def stratified(beats: Beats, **changes: Any) -> Split:
    settings = {"test_fraction": 0.3, "val_fraction": 0.2, "train_fraction": 1.0, "seed": 0, **changes}
    return stratified_split(beats, CLASSES, **settings)


def fold(beats: Beats, **changes: Any) -> Split:
    settings = {"count": 5, "index": 0, "repeat": 0, "val_fraction": 0.2, "train_fraction": 1.0, **changes}
    return folds_split(beats, CLASSES, **settings)


def people(beats: Beats, index: np.ndarray) -> set[str]:
    return set(map(str, beats.patient[index]))


def assert_fair(beats: Beats, split: Split, *, all_used: bool = True) -> None:
    """Whole patients, nobody in two subsets, both classes everywhere, and with `all_used` nobody left out."""
    subsets = [people(beats, index) for index in split.subsets.values()]
    assert sum(map(len, subsets)) == len(set.union(*subsets))
    for index in split.subsets.values():
        assert set(beats.y[index]) == {0, 1}
        assert len(index) == np.isin(beats.patient, list(people(beats, index))).sum()
    if all_used:
        assert set.union(*subsets) == set(beats.patient)
    assert split.by_patient


@quick
@given(
    healthy=st.integers(3, 40), sick=st.integers(3, 40), seed=seeds, test=st.floats(0.05, 0.8), val=st.floats(0.05, 0.5)
)
def test_stratified_split_is_fair_and_shares_each_class_as_asked(
    make_beats: MakeBeats, healthy: int, sick: int, seed: int, test: float, val: float
) -> None:
    beats = cohort(make_beats, healthy, sick)
    split = stratified(beats, test_fraction=test, val_fraction=val, seed=seed)
    assert_fair(beats, split)
    assert split.name == "patients"
    for label, n in ((0, healthy), (1, sick)):
        tested = len({p for p in people(beats, split.test) if p.startswith("hs"[label])})
        assert tested == min(max(round(test * n), 1), n - 2)


@quick
@given(healthy=st.integers(3, 40), sick=st.integers(3, 40), count=st.integers(2, 10), repeat=st.integers(0, 50))
def test_the_folds_of_a_repeat_test_every_patient_once(
    make_beats: MakeBeats, healthy: int, sick: int, count: int, repeat: int
) -> None:
    beats = cohort(make_beats, healthy, sick)
    if min(healthy, sick) < max(count, 3 if count > 2 else 4):
        with pytest.raises(EcgError, match=rf"dataset\.folds\.count={count} needs"):
            fold(beats, count=count, repeat=repeat)
        return
    splits = [fold(beats, count=count, index=i, repeat=repeat) for i in range(count)]
    for split in splits:
        assert_fair(beats, split)
        assert split.name == "folds"
    tested = [people(beats, split.test) for split in splits]
    assert sum(map(len, tested)) == healthy + sick
    assert set.union(*tested) == set(beats.patient)
    sizes = [len(names) for names in tested]
    assert max(sizes) - min(sizes) <= 1


def test_another_repeat_shuffles_anew_and_another_fold_does_not(make_beats: MakeBeats) -> None:
    beats = cohort(make_beats, 20, 20)
    assert people(beats, fold(beats, repeat=0).test) != people(beats, fold(beats, repeat=1).test)
    np.testing.assert_array_equal(fold(beats, index=3).val, fold(beats, index=3).val)


def test_another_seed_draws_other_patients_and_the_same_seed_the_same(make_beats: MakeBeats) -> None:
    beats = cohort(make_beats, 20, 20)
    np.testing.assert_array_equal(stratified(beats, seed=4).test, stratified(beats, seed=4).test)
    assert len({tuple(stratified(beats, seed=s).test) for s in range(4)}) > 1


def test_the_order_of_beats_does_not_change_who_is_drawn(make_beats: MakeBeats) -> None:
    beats = cohort(make_beats, 12, 9)
    other = beats.take(np.random.default_rng(1).permutation(len(beats)))
    for rule in (stratified, fold):
        assert people(beats, rule(beats).test) == people(other, rule(other).test)


@quick
@given(
    healthy=st.integers(3, 40),
    sick=st.integers(3, 40),
    seed=seeds,
    shares=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=2).map(sorted),
)
def test_a_smaller_share_of_training_patients_is_part_of_a_larger_one(
    make_beats: MakeBeats, healthy: int, sick: int, seed: int, shares: list[float]
) -> None:
    beats = cohort(make_beats, healthy, sick)
    whole = stratified(beats, seed=seed)
    few, more = (stratified(beats, seed=seed, train_fraction=share) for share in shares)
    assert people(beats, few.train) <= people(beats, more.train) <= people(beats, whole.train)
    for split in (few, more):
        assert_fair(beats, split, all_used=False)
        np.testing.assert_array_equal(split.val, whole.val)
        np.testing.assert_array_equal(split.test, whole.test)


@pytest.mark.parametrize(("share", "expected"), [(0.1, 1), (0.25, 3), (0.5, 5), (0.7, 7), (1.0, 10)])
def test_shares_of_ten_training_patients_of_each_class(make_beats: MakeBeats, share: float, expected: int) -> None:
    beats = cohort(make_beats, 18, 18)
    split = stratified(beats, test_fraction=0.3, val_fraction=0.2, train_fraction=share)
    whole = stratified(beats, test_fraction=0.3, val_fraction=0.2)
    assert len(people(beats, whole.train)) == 20
    assert len(people(beats, split.train)) == 2 * expected


def test_folds_thin_their_training_subset_too(make_beats: MakeBeats) -> None:
    beats = cohort(make_beats, 20, 20)
    half, whole = fold(beats, train_fraction=0.5), fold(beats)
    assert people(beats, half.train) < people(beats, whole.train)
    np.testing.assert_array_equal(half.test, whole.test)
    assert whole.notes == ("Tested on fold 0 of 0 to 4, repeat 0.",)
    assert half.notes == (*whole.notes, f"Only {len(people(beats, half.train))} of the 26 training patients were used.")


def test_a_patient_in_two_classes_is_named_with_the_records(make_beats: MakeBeats) -> None:
    patient, y = ["ann", "bob", "ann", "cid"], [0, 1, 1, 0]
    with pytest.raises(EcgError, match=r"patient ann is in two classes: r0 is normal, r2 is MI"):
        one_class_each(np.array(patient), np.array(y), np.array(["r0", "r1", "r2", "r3"]), CLASSES)
    with pytest.raises(EcgError, match="patient ann"):
        stratified(make_beats(patient, y))


@pytest.mark.parametrize(("healthy", "sick"), [(9, 0), (0, 9), (9, 2), (1, 0)])
def test_too_few_patients_of_a_class_are_counted_in_the_message(make_beats: MakeBeats, healthy: int, sick: int) -> None:
    with pytest.raises(EcgError, match=rf"needs 3 patients.*found {healthy} normal and {sick} MI"):
        stratified(cohort(make_beats, healthy, sick))


def test_unknown_patients_cannot_be_kept_apart(make_beats: MakeBeats) -> None:
    with pytest.raises(EcgError, match=r"dataset\.split=beats"):
        stratified(make_beats(["", ""], [0, 1]))


@quick
@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8), most=st.integers(1, 40))
def test_at_most_so_many_beats_of_a_patient_evenly_from_first_to_last(sizes: list[int], most: int) -> None:
    patient = np.repeat([f"p{i}" for i in range(len(sizes))], sizes)
    kept = evenly_spaced(patient, most)
    assert (np.diff(kept) > 0).all()
    for i, n in enumerate(sizes):
        own = np.flatnonzero(patient == f"p{i}")
        mine = kept[patient[kept] == f"p{i}"]
        assert len(mine) == min(n, most)
        if len(mine) > 1:
            assert (mine[0], mine[-1]) == (own[0], own[-1])
            assert np.ptp(np.diff(mine)) <= 1


def test_beats_of_unknown_patients_are_all_kept() -> None:
    assert evenly_spaced(np.array(["", "a", "", "a", ""]), 1).tolist() == [0, 1, 2, 4]
