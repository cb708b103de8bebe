"""The recordings that ship with ecg: some of MIT-BIH, one lead, as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.beats.labels import AAMI_CLASSES, aami_labels
from ecg.recordings.databases.mitdb import DS1, DS2, MITDB
from ecg.recordings.databases.sample import FOLDER, LEAD, SAMPLE, UNSEEN


def test_all_of_it_is_there_with_its_licence_and_where_it_comes_from() -> None:
    assert SAMPLE.is_there(FOLDER)
    assert sorted(SAMPLE.records) == sorted(path.stem for path in FOLDER.glob("*.hea"))
    assert "Open Data Commons" in (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    for word in (*SAMPLE.records, MITDB.doi, "ODC-By", "Moody GB, Mark RG"):
        assert word in told
    assert (FOLDER / "RECORDS").read_text(encoding="utf-8").split() == list(SAMPLE.records)


def test_its_records_train_and_test_as_in_the_whole_database() -> None:
    assert SAMPLE.name == MITDB.name
    assert SAMPLE.n_records == len(SAMPLE.records)
    assert set(SAMPLE.train) <= set(DS1)
    assert set(SAMPLE.test) <= set(DS2)
    assert sorted([*SAMPLE.train, *SAMPLE.test]) == sorted(SAMPLE.records)
    assert UNSEEN in SAMPLE.test
    people = [{SAMPLE.patient(record) for record in part} for part in (SAMPLE.train, SAMPLE.test)]
    assert not people[0] & people[1]


def test_it_reads_as_whole_recordings_of_one_lead_with_beats_of_n_s_v_in_both_subsets() -> None:
    for part in (SAMPLE.train, SAMPLE.test):
        found: set[str] = set()
        for record in part:
            recording = SAMPLE.read(FOLDER, record)
            assert (recording.leads, recording.fs, recording.n_samples) == ((LEAD,), 360, 650_000)
            assert (recording.record, recording.patient) == (record, MITDB.patient(record))
            assert recording.database == "mitdb"
            assert recording.annotations is not None
            labels = aami_labels(recording.annotations.symbol)
            found |= {AAMI_CLASSES[label] for label in labels[labels >= 0]}
        assert found >= {"N", "S", "V"}


@pytest.mark.real
def test_it_is_the_real_thing(ecg_data: Path) -> None:
    for record in SAMPLE.records:
        ours, theirs = SAMPLE.read(FOLDER, record), MITDB.read(ecg_data / "mitdb", record)
        np.testing.assert_array_equal(ours.digital[0], theirs.digital[theirs.lead_index(LEAD)])
        assert ours.annotations is not None
        assert theirs.annotations is not None
        np.testing.assert_array_equal(ours.annotations.sample, theirs.annotations.sample)
        np.testing.assert_array_equal(ours.annotations.symbol, theirs.annotations.symbol)
        assert ours.comments == theirs.comments
