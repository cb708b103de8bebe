"""Whole patients, by each database's standard split where it has one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecg.beats.splits import Split, patients_split
from ecg.beats.table import Beats
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.mitdb import DS1, DS2, MITDB, SAME_SUBJECT_LINE

MakeBeats = Callable[..., Beats]


def of_database(make_beats: MakeBeats, database: BeatDatabase) -> Beats:
    """Three beats of each record of a database."""
    record = [r for r in database.records for _ in range(3)]
    patient = [database.patient(r) for r in record]
    return make_beats(patient, [0, 1, 2] * len(database.records), record=record, database=database.name)


def by_patient(beats: Beats, *databases: BeatDatabase, **changes: Any) -> Split:
    options: dict[str, Any] = {"test_fraction": 0.2, "val_fraction": 0.2, "seed": 3, "databases": databases, **changes}
    return patients_split(beats, **options)


def learned(split: Split) -> np.ndarray:
    return np.concatenate([split.train, split.val])


def test_mit_bih_is_divided_by_de_chazals_lists(make_beats: MakeBeats) -> None:
    beats = of_database(make_beats, MITDB)
    split = by_patient(beats, MITDB, test_fraction=0.5)
    assert set(beats.record[split.test]) == set(DS2)
    assert set(beats.record[learned(split)]) == set(DS1)
    assert not set(beats.record[split.train]) & set(beats.record[split.val])
    assert len(set(beats.record[split.val])) == round(0.2 * 22)
    assert split.by_patient
    assert (split.notes, split.shared) == ((SAME_SUBJECT_LINE,), ("201",))


def test_strict_subjects_leaves_out_the_record_whose_subject_is_in_the_test_subset(make_beats: MakeBeats) -> None:
    beats = of_database(make_beats, MITDB)
    split = by_patient(beats, MITDB, strict_subjects=True)
    assert set(beats.record[learned(split)]) == set(DS1) - {"201"}
    assert set(beats.record[split.test]) == set(DS2)
    assert not set(beats.patient[learned(split)]) & set(beats.patient[split.test])
    assert (split.notes, split.shared) == ((), ())


DRAWN = BeatDatabase(name="drawn", title="Ten records of five people", records=tuple(f"d{i}" for i in range(10)),
                     patient=lambda record: f"person {int(record[1:]) // 2}")  # fmt: skip


def test_a_database_without_a_standard_split_is_divided_by_patients_beside_one_that_has_one(
    make_beats: MakeBeats,
) -> None:
    mitdb, drawn = of_database(make_beats, MITDB), of_database(make_beats, DRAWN)
    for parts in ([mitdb, drawn], [drawn, mitdb]):
        beats = Beats.concatenate(parts)
        split = by_patient(beats, MITDB, DRAWN, test_fraction=0.4)
        tested, used = set(beats.record[split.test]), set(beats.record[learned(split)])
        assert tested & set(MITDB.records) == set(DS2)
        assert used & set(MITDB.records) == set(DS1)
        theirs = tested - set(MITDB.records)
        assert len(theirs) == 4  # two of five people, two records each
        assert used - set(MITDB.records) == set(DRAWN.records) - theirs
        people = [set(beats.patient[index]) - {"201"} for index in split.subsets.values()]
        assert sum(map(len, people)) == len(set.union(*people))
        assert split.notes == (SAME_SUBJECT_LINE,)


def test_strict_subjects_of_two_databases_leaves_the_other_one_alone(make_beats: MakeBeats) -> None:
    beats = Beats.concatenate([of_database(make_beats, MITDB), of_database(make_beats, DRAWN)])
    split = by_patient(beats, MITDB, DRAWN, strict_subjects=True, test_fraction=0.4)
    assert set(beats.record[learned(split)]) & set(MITDB.records) == set(DS1) - {"201"}
    assert len(set(beats.record[np.concatenate([*split.subsets.values()])]) & set(DRAWN.records)) == 10
    people = [set(beats.patient[index]) for index in split.subsets.values()]
    assert sum(map(len, people)) == len(set.union(*people))
    assert split.notes == ()


def test_records_of_one_name_in_two_databases_are_kept_apart(make_beats: MakeBeats) -> None:
    """Records 100 and 101 of the other database are no records of MIT-BIH, which test and train."""
    other = BeatDatabase(name="other", title="Other", records=("100", "101", "102", "103"), patient=lambda r: f"o{r}")
    beats = Beats.concatenate([of_database(make_beats, MITDB), of_database(make_beats, other)])
    split = by_patient(beats, MITDB, other, test_fraction=0.5)
    theirs = beats.database == "other"
    assert len(set(beats.record[split.test[theirs[split.test]]])) == 2
    assert len(set(beats.record[learned(split)[theirs[learned(split)]]])) == 2
    mine = ~theirs
    assert set(beats.record[split.test[mine[split.test]]]) == set(DS2)


def test_a_database_that_is_not_told_of_is_divided_by_patients(make_beats: MakeBeats) -> None:
    beats = of_database(make_beats, MITDB)
    split = by_patient(beats)
    assert sorted(np.concatenate([*split.subsets.values()])) == list(range(len(beats)))
    assert set(beats.record[split.test]) != set(DS2)
    assert (split.notes, split.shared) == ((), ())


@pytest.mark.parametrize("records", [DRAWN.records, ()])
@pytest.mark.parametrize(("train", "left_out", "trains"), [
    ((), (), "d0 d1 d2 d3 d4 d5"), ((), ("d0",), "d1 d2 d3 d4 d5"), (("d1", "d2", "d4"), (), "d1 d2 d4"),
])  # fmt: skip
def test_a_standard_split_of_ones_own_needs_only_the_records_that_test(
    make_beats: MakeBeats, records: tuple[str, ...], train: tuple[str, ...], left_out: tuple[str, ...], trains: str
) -> None:
    """Also where the names of its records are not known beforehand."""
    beats = of_database(make_beats, DRAWN)
    mine = replace(DRAWN, records=records, train=train, test=("d6", "d7", "d8", "d9"), left_out=left_out)
    split = by_patient(beats, mine)
    assert sorted(set(beats.record[split.test])) == ["d6", "d7", "d8", "d9"]
    assert sorted(set(beats.record[learned(split)])) == trains.split()
    assert split.notes == ()


def test_a_patient_on_both_sides_of_ones_own_split_is_named_unless_it_is_strict(make_beats: MakeBeats) -> None:
    beats = of_database(make_beats, DRAWN)
    mine = replace(DRAWN, test=("d7", "d8", "d9"))  # d6 and d7 are one person
    split = by_patient(beats, mine)
    assert split.shared == ("person 3",)
    assert split.notes == ("Patients person 3 of drawn are in two subsets.",)
    told = by_patient(beats, replace(mine, split_note="d6 and d7 are one."))
    assert told.notes == ("d6 and d7 are one.",)
    strict = by_patient(beats, mine, strict_subjects=True)
    assert "d6" not in set(beats.record[learned(strict)])
    assert (strict.notes, strict.shared) == ((), ())


@pytest.mark.real
def test_real_ds1_and_ds2_hold_their_known_numbers_of_beats(real_beats: Beats) -> None:
    split = by_patient(real_beats, MITDB, seed=0)
    assert len(split.train) + len(split.val) == 51_021 - 22  # the kaggle segmentation drops each record's last beat
    assert len(split.test) == 49_712 - 22
    for subset in split.subsets.values():  # Q, seven and eight beats of few records, may be missing from validation
        assert set(real_beats.y[subset]) >= {0, 1, 2, 3}
