"""Splits: subsets that share nothing, classes in both subsets, and what a reader must be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.grouping import divide_beats, divide_groups
from ecg.beats.splits import (
    LEAK_LINE,
    TEST_FILE,
    TRAIN_FILE,
    Split,
    beats_split,
    kaggle_split,
    patients_split,
)
from ecg.beats.table import Beats
from ecg.errors import EcgError
from ecg.recordings.databases.mitdb import MITDB

MakeBeats = Callable[..., Beats]
quick = settings(deadline=None, max_examples=40)
fractions = st.floats(0.01, 0.9)
seeds = st.integers(0, 2**31 - 1)
classes = st.lists(st.integers(0, 4), min_size=10, max_size=200)


def subsets_of(split: Split) -> list[np.ndarray]:
    return [split.train, split.val, split.test]


def assert_divides_all(split: Split, n: int) -> None:
    together = np.concatenate(subsets_of(split))
    assert sorted(together.tolist()) == list(range(n))


@quick
@given(y=classes, fraction=fractions, seed=seeds)
def test_divide_beats_puts_each_class_on_both_subsets_where_it_has_two_beats(
    y: list[int], fraction: float, seed: int
) -> None:
    labels = np.array(y)
    index = np.flatnonzero(labels < 4)
    first, second = divide_beats(index, labels, fraction, seed)
    assert sorted([*first, *second]) == index.tolist()
    for c in np.unique(labels[index]):
        n = int((labels[index] == c).sum())
        drawn = int((labels[second] == c).sum())
        assert abs(drawn - fraction * n) <= 1
        assert 1 <= drawn <= n - 1 if n > 1 else drawn == 0


@quick
@given(y=classes, fraction=fractions, seed=seeds, n_groups=st.integers(2, 15))
def test_divide_groups_keeps_groups_whole_and_both_parts_filled(
    y: list[int], fraction: float, seed: int, n_groups: int
) -> None:
    labels = np.array(y)
    group = np.array([f"p{i % n_groups}" for i in range(len(y))])
    if len(set(group)) < 2:
        return
    first, second = divide_groups(np.arange(len(y)), group, labels, fraction, seed)
    assert sorted([*first, *second]) == list(range(len(y)))
    assert len(first)
    assert len(second)
    assert not set(group[first]) & set(group[second])


@pytest.mark.parametrize("seed", range(5))
def test_divide_groups_shares_out_a_class_that_only_two_patients_have(seed: int) -> None:
    group = np.repeat([f"p{i}" for i in range(20)], 10)
    y = np.zeros(200, dtype=np.int64)
    y[[3, 55]] = 1
    y[[77, 199]] = 2
    first, second = divide_groups(np.arange(200), group, y, 0.2, seed)
    assert set(y[first]) == set(y[second]) == {0, 1, 2}
    assert len(second) == 40


def test_one_patient_cannot_be_divided(make_beats: MakeBeats) -> None:
    with pytest.raises(EcgError, match=r"two patients or more.*found 1"):
        patients_split(make_beats(["p"] * 20, [0] * 20), test_fraction=0.2, val_fraction=0.2, seed=0)


@quick
@given(y=classes, seed=seeds, val=st.floats(0.05, 0.5), test=st.floats(0.05, 0.5))
def test_beats_split_divides_all_beats_near_the_wanted_shares(
    make_beats: MakeBeats, y: list[int], seed: int, val: float, test: float
) -> None:
    labels = [*y, *[0] * 40]
    split = beats_split(make_beats(["p"] * len(labels), labels), test_fraction=test, val_fraction=val, seed=seed)
    assert_divides_all(split, len(labels))
    assert abs(len(split.test) - test * len(labels)) <= 5  # each class is rounded by itself
    assert abs(len(split.val) - val * (len(labels) - len(split.test))) <= 5
    assert split.notes == (LEAK_LINE,)


@quick
@given(seed=seeds, n=st.integers(5, 25), val=st.floats(0.1, 0.5), test=st.floats(0.1, 0.5))
def test_patients_split_has_no_patient_on_two_subsets(
    make_beats: MakeBeats, seed: int, n: int, val: float, test: float
) -> None:
    rng = np.random.default_rng(seed)
    patient = [f"p{i}" for i in range(n) for _ in range(10)]
    beats = make_beats(patient, rng.integers(0, 3, size=10 * n))
    split = patients_split(beats, test_fraction=test, val_fraction=val, seed=seed)
    assert_divides_all(split, 10 * n)
    people = [set(beats.patient[subset]) for subset in subsets_of(split)]
    assert sum(map(len, people)) == n
    assert abs(len(people[2]) - test * n) <= 1
    assert abs(len(people[1]) - val * (n - len(people[2]))) <= 1
    assert split.notes == ()


@quick
@given(seed=seeds)
def test_a_split_depends_on_its_seed_alone(make_beats: MakeBeats, seed: int) -> None:
    beats = make_beats([f"p{i // 10}" for i in range(200)], [i % 3 for i in range(200)])
    for rule in (beats_split, patients_split):
        a, b = (rule(beats, test_fraction=0.2, val_fraction=0.2, seed=seed) for _ in range(2))
        for left, right in zip(subsets_of(a), subsets_of(b), strict=True):
            np.testing.assert_array_equal(left, right)


def test_another_seed_gives_other_subsets(make_beats: MakeBeats) -> None:
    beats = make_beats([f"p{i // 10}" for i in range(200)], [i % 3 for i in range(200)])
    for rule in (beats_split, patients_split):
        tests = {tuple(rule(beats, test_fraction=0.2, val_fraction=0.2, seed=s).test.tolist()) for s in range(4)}
        assert len(tests) > 1


def test_a_global_random_state_does_not_matter(make_beats: MakeBeats) -> None:
    beats = make_beats([f"p{i // 10}" for i in range(200)], [i % 3 for i in range(200)])
    np.random.seed(1)  # noqa: NPY002
    first = beats_split(beats, test_fraction=0.2, val_fraction=0.2, seed=0).test
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(first, beats_split(beats, test_fraction=0.2, val_fraction=0.2, seed=0).test)


def test_no_beats_validate_where_none_are_wanted(make_beats: MakeBeats) -> None:
    record = [TRAIN_FILE] * 160 + [TEST_FILE] * 40
    beats = make_beats([f"p{i // 10}" for i in range(200)], [i % 3 for i in range(200)], record=record)
    drawn = [rule(beats, test_fraction=0.2, val_fraction=0, seed=0) for rule in (beats_split, patients_split)]
    for split in (kaggle_split(beats, val_fraction=0, seed=0), *drawn):
        assert len(split.val) == 0
        assert_divides_all(split, 200)


@quick
@given(seed=seeds, val=st.floats(0.05, 0.5))
def test_validation_in_the_kaggle_files_comes_from_the_training_file_only(
    make_beats: MakeBeats, seed: int, val: float
) -> None:
    record = [TRAIN_FILE] * 80 + [TEST_FILE] * 20
    beats = make_beats([""] * 100, [i % 5 for i in range(100)], record=record)
    split = kaggle_split(beats, val_fraction=val, seed=seed)
    assert split.test.tolist() == list(range(80, 100))
    assert sorted([*split.train, *split.val]) == list(range(80))
    assert set(beats.y[split.val]) == set(beats.y[split.train]) == set(range(5))
    assert split.notes == (LEAK_LINE,)


def test_the_leak_line_says_what_leaks_and_what_to_choose_instead() -> None:
    assert "same patients are in training and test" in LEAK_LINE
    assert "dataset.split=patients" in LEAK_LINE


def test_patients_split_refuses_beats_of_unknown_patients(make_beats: MakeBeats) -> None:
    beats = make_beats(["", "", "p"], [0, 0, 0])
    with pytest.raises(EcgError, match=r"dataset\.split=kaggle"):
        patients_split(beats, test_fraction=0.2, val_fraction=0.2, seed=0)


def test_check_refuses_beats_on_two_subsets_and_names_the_subsets(make_beats: MakeBeats) -> None:
    beats = make_beats(list("abcd"), [0, 0, 0, 0])
    split = Split("beats", np.array([0, 1]), np.array([2]), np.array([1, 3]))
    with pytest.raises(EcgError, match="1 beats are in train and in test"):
        split.check(beats)


def test_check_refuses_a_patient_on_two_subsets_and_names_the_patient(make_beats: MakeBeats) -> None:
    beats = make_beats(["ann", "bob", "ann", "dan"], [0, 0, 0, 0])
    split = Split("patients", np.array([0, 1]), np.array([2]), np.array([3]), by_patient=True)
    with pytest.raises(EcgError, match=r"dataset\.split=patients: patients ann are in train and in val"):
        split.check(beats)
    with pytest.raises(EcgError, match=r"dataset\.split=folds.*ann"):
        replace(split, name="folds").check(beats)
    assert replace(split, name="beats", by_patient=False).check(beats).name == "beats"
    assert replace(split, shared=("ann",)).check(beats).shared == ("ann",)


@pytest.mark.parametrize("subset", ["train", "val", "test"])
def test_check_refuses_an_empty_subset(make_beats: MakeBeats, subset: str) -> None:
    beats = make_beats(list("abc"), [0, 0, 0])
    split = Split("beats", np.array([0]), np.array([1]), np.array([2]))
    with pytest.raises(EcgError, match=f"no beats left to {subset}"):
        replace(split, **{subset: np.array([], dtype=np.int64)}).check(beats)


@pytest.mark.real
def test_the_published_split_has_its_known_sizes_and_leaks(real_beats: Beats) -> None:
    split = kaggle_split(real_beats, val_fraction=0.05, seed=0)
    assert len(split.train) + len(split.val) == 87_554
    assert len(split.test) == 21_892
    assert len(split.val) == pytest.approx(0.05 * 87_554, abs=5)
    assert set(real_beats.record[split.train]) == set(real_beats.record[split.test]) == set(MITDB.records)
    assert_divides_all(split, 109_446)
