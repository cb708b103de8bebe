"""The MI data module on tiny simulated recordings, tiny Kaggle files, and the real recordings there are."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg.beats.rpeaks import detector
from ecg.beats.segmentations import SEGMENTATIONS
from ecg.beats.splits import LEAK_LINE
from ecg.config.compose import compose
from ecg.data import MIDataModule
from ecg.data.diagnosis import CONFLICT
from ecg.data.mi import SOURCES, SPLITS
from ecg.data.settings import Folds, Simulated
from ecg.errors import EcgError
from ecg.recordings.synthetic import write_mi

TINY = Simulated(patients=12, minutes=0.5)


def build(cache: Path, data_dir: Path | None = None, **changes: Any) -> MIDataModule:
    usual = {"source": "synthetic", "synthetic": TINY, "batch_size": 8, "data_dir": data_dir or cache / "none"}
    return MIDataModule(**{**usual, "cache_dir": cache, **changes})


def ready(cache: Path, data_dir: Path | None = None, **changes: Any) -> MIDataModule:
    data = build(cache, data_dir, **changes)
    data.prepare_data()
    data.setup()
    return data


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def data(cache: Path) -> MIDataModule:
    return ready(cache)


@pytest.fixture
def ptb(tmp_path: Path) -> Path:
    """A data folder with eight simulated patients in ptbdb/ as a partial download."""
    write_mi(tmp_path / "ptbdb", patients=8, seconds=8, seed=1)
    return tmp_path


def test_the_data_describes_itself(data: MIDataModule) -> None:
    info = data.info
    assert (info.dataset, info.source, info.segmentation, info.split) == ("mi", "synthetic", "kaggle", "patients")
    assert info.classes == ("normal", "MI")
    assert (info.fs, info.shape, info.leads, info.wanted) == (120, (1, 187), ("II",), ("II",))
    assert (info.shapes, info.databases) == ({"signal": (1, 187)}, ())
    assert info.simulated
    assert "SIMULATED" in info.title
    assert info.by_patient
    assert info.patient_label
    assert info.facts["r_peaks"] == detector().name
    assert info.facts["patients"] == {"synthetic": {"normal": 5, "MI": 7}}
    assert info.facts["records"] == 12
    assert info.facts["beats"] == len(data.beats)
    json.dumps(dict(info.facts))


@pytest.mark.parametrize("segmentation", SEGMENTATIONS)
def test_every_segmentation_gives_both_classes_on_every_subset(cache: Path, segmentation: str) -> None:
    data = ready(cache, segmentation=segmentation)
    for subset in data.info.counts.values():
        assert min(subset.values()) > 0
    assert {name: values.shape[1:] for name, values in data.beats.inputs.items()} == data.segmentation.shapes(1)
    assert data.info.shapes == data.shapes == data.segmentation.shapes(1)
    assert set(data.beats.symbol) == {""}


def test_the_label_is_the_patients_and_the_time_is_the_recordings_own(data: MIDataModule) -> None:
    recording = data.source.recording(str(data.beats.record[0]))
    assert recording is not None
    assert recording.fs == 1000
    sick = any("Myocardial infarction" in line for line in recording.comments)
    assert set(data.beats.y[data.beats.record == recording.record]) == {int(sick)}
    np.testing.assert_allclose(data.beats.seconds, data.beats.sample / 1000)
    for sample in data.beats.sample[data.beats.record == recording.record]:
        signal = recording.millivolts(recording.lead_index("II"))
        near = signal[max(0, sample - 60) : sample + 60]
        assert np.abs(signal[sample] - np.median(signal)) > 0.5 * np.abs(near - np.median(signal)).max()


def test_the_cached_preparation_gives_the_same_beats_and_facts(data: MIDataModule, cache: Path) -> None:
    again = ready(cache)
    assert again.cached
    assert again.info == data.info
    np.testing.assert_array_equal(again.beats.signal, data.beats.signal)


def test_at_most_so_many_beats_of_a_patient(data: MIDataModule, cache: Path) -> None:
    few = ready(cache, beats_per_patient=3)
    assert few.cached
    assert np.unique(few.beats.patient, return_counts=True)[1].tolist() == [3] * 12
    every = ready(cache, beats_per_patient=None)
    assert few.info.facts["beats_over_the_limit_per_patient"] == len(every.beats) - 36
    assert "beats_over_the_limit_per_patient" not in every.info.facts


def test_folds_test_every_patient_once_whatever_the_seed(cache: Path) -> None:
    tested: list[str] = []
    for index in range(5):
        data = ready(cache, split="folds", folds=Folds(index=index), seed=index)
        assert (data.info.split, data.info.by_patient) == ("folds", True)
        tested += np.unique(data.beats.patient[data.split.test]).tolist()
    assert sorted(tested) == [f"patient{i:03d}" for i in range(12)]


@pytest.mark.parametrize("split", ["patients", "folds"])
def test_without_a_share_for_validation_everybody_who_is_not_tested_trains(cache: Path, split: str) -> None:
    usual, data = ready(cache, split=split), ready(cache, split=split, val_fraction=0)
    assert len(data.split.val) == 0
    assert sorted([*data.split.train, *data.split.test]) == list(range(len(data.beats)))
    np.testing.assert_array_equal(data.split.test, usual.split.test)


def test_split_by_beat_says_that_it_leaks(cache: Path) -> None:
    info = ready(cache, split="beats").info
    assert not info.by_patient
    assert LEAK_LINE in info.notes


def test_a_part_of_ptb_is_used_and_counted(ptb: Path, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    (header,) = (ptb / "ptbdb" / "patient003").glob("*.hea")
    header.write_text(header.read_text().replace("Healthy control", "Cardiomyopathy"))
    (header,) = (ptb / "ptbdb" / "patient004").glob("*.hea")
    header.write_text(header.read_text().replace("Myocardial infarction", "n/a"))
    with caplog.at_level(logging.INFO):
        data = ready(ptb / "cache", ptb, source="physionet", split="beats")
    facts = data.info.facts
    assert facts["not_downloaded"] == 549 - 8
    assert facts["records"] == 6
    assert facts["records_left_out"] == {"no reason for admission stated": 1}
    assert "records left out: 1 no reason for admission stated" in caplog.text
    assert facts["patients"] == {"ptbdb": {"normal": 2, "MI": 4}}
    assert facts["beside ptbdb"] == {"other": 1}
    assert "; patients: ptbdb 2 normal, 4 MI; tested beside them: 1 other (ptbdb); records" in caplog.text
    assert not {"patient003", "patient004"} & set(data.beats.patient)
    assert {name: set(beats.patient) for name, beats in data.beside.items()} == {"ptbdb": {"patient003"}}
    assert set(data.beside["ptbdb"].y) == {-1}


def test_a_lead_that_cannot_be_used_is_counted_by_reason(ptb: Path) -> None:
    (samples,) = (ptb / "ptbdb" / "patient001").glob("*.dat")
    (header,) = (ptb / "ptbdb" / "patient001").glob("*.hea")
    samples.write_bytes(bytes(samples.stat().st_size))
    lines = [" ".join([*line.split()[:6], "0", *line.split()[7:]]) if ".dat" in line else line
             for line in header.read_text().splitlines()]  # fmt: skip
    header.write_text("\n".join(lines) + "\n")
    first = ready(ptb / "cache", ptb, source="physionet", split="beats")
    again = ready(ptb / "cache", ptb, source="physionet", split="beats")
    assert first.info.facts["records_left_out"] == {"lead II is flat": 1}
    assert first.refused == again.refused == {header.stem: "lead II is flat"}
    assert again.cached
    assert again.info.facts == first.info.facts
    assert "Only 8 of the 549 records of ptbdb were there." in first.info.notes


def test_a_patient_in_two_classes_is_in_neither_and_the_records_are_counted(
    ptb: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (header,) = (ptb / "ptbdb" / "patient001").glob("*.hea")
    for path in list(header.parent.iterdir()):
        path.rename(ptb / "ptbdb" / "patient000" / path.name)
    with caplog.at_level(logging.INFO):
        data = ready(ptb / "cache", ptb, source="physionet", split="beats")
    assert data.info.facts["records_left_out"] == {CONFLICT: 2}
    assert f"records left out: 2 {CONFLICT}" in caplog.text
    assert data.info.facts["patients"] == {"ptbdb": {"normal": 2, "MI": 4}}
    assert set(data.beats.record) == {f"sim{i:03d}" for i in range(2, 8)}
    assert data.beside == {}


def test_recordings_of_one_class_are_refused(ptb: Path) -> None:
    for header in (ptb / "ptbdb").glob("*/*.hea"):
        header.write_text(header.read_text().replace("Healthy control", "Myocardial infarction"))
    with pytest.raises(EcgError, match=r"dataset\.source=physionet: no record of class normal \(found 8 MI\)"):
        ready(ptb / "cache", ptb, source="physionet")


def test_too_few_patients_for_a_split_are_counted(cache: Path) -> None:
    with pytest.raises(EcgError, match=r"dataset\.split=patients needs 3 patients.*found 1 normal and 2 MI"):
        ready(cache, synthetic=Simulated(patients=3, minutes=0.5))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "disk"}, rf"source=disk: choose one of {', '.join(SOURCES)}"),
        ({"split": "kaggle"}, r"split=kaggle: choose one of auto, patients, folds, beats, or the import path"),
        (
            {"segmentation": "papr"},
            r"segmentation=papr: choose one of kaggle, paper, window, context, record, or the import path",
        ),
        ({"min_likelihood": 101}, r"min_likelihood=101: must be from 0 to 100"),
        ({"beats_per_patient": 0}, r"beats_per_patient=0: must be at least 1"),
        ({"batch_size": 1}, r"batch_size=1: must be at least 2"),
        ({"train_fraction_of_patients": 0}, r"train_fraction_of_patients=0: must be from 0 \(not included\)"),
        ({"train_fraction_of_patients": 0.5, "split": "beats"}, r"train_fraction_of_patients=0\.5.*patients or folds"),
        ({"source": "kaggle", "split": "patients"}, r"split=patients: .*does not tell.*dataset\.split=beats"),
        ({"source": "kaggle", "split": "folds"}, r"split=folds: .*dataset\.split=beats"),
        ({"target": "mi"}, r"target=mi: choose one of mi_vs_normal, mi_vs_other, mi_vs_all"),
        *(
            ({"source": source, **changes}, said)
            for source in ("synthetic", "kaggle")
            for changes, said in (
                ({"target": "mi_vs_other"}, rf"target=mi_vs_other: dataset\.source={source} has no other diagnoses"),
                ({"target": "mi_vs_all"}, rf"target=mi_vs_all: dataset\.source={source} has no other diagnoses"),
                ({"external": ["ludb"]}, rf"external: needs dataset\.source=physionet, not {source}"),
            )
        ),
        ({"source": "physionet", "external": ["ptbdb"]}, r"external: ptbdb is in dataset\.databases too"),
        ({"source": "physionet", "external": ["ptb"]}, r"external=ptb: choose one of ludb, ptbdb, ptb-xl"),
    ],
)
def test_wrong_settings_name_the_parameter_and_the_choices(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        build(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"count": 1}, r"count=1: must be from 2"),
        ({"index": 5}, r"index=5: must be from 0 to 4"),
        ({"repeat": -1}, r"repeat=-1: must be at least 0"),
    ],
)
def test_wrong_folds_name_the_parameter(changes: dict[str, int], said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        Folds(**changes)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("dataset.beats_per_patient=0", r"dataset\.beats_per_patient=0: must be at least 1"),
        ("+dataset.folds.index=7", r"dataset\.folds\.index=7: must be from 0 to 4"),
        ("dataset.split=kaggle", r"dataset\.split=kaggle: choose one of auto, patients, folds, beats"),
    ],
)
def test_what_is_typed_wrongly_is_answered_with_the_key(typed: str, said: str) -> None:
    with pytest.raises(EcgError, match=f"^{said}"):
        compose("dataset=mi", typed).data()


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_source_and_split_is_built_without_touching_the_disk(tmp_path: Path, source: str, split: str) -> None:
    if source == "kaggle" and split in ("patients", "folds"):
        pytest.skip("refused, see above")
    built = build(tmp_path / "cache", tmp_path / "data", source=source, split=split)
    assert built.source.name == source
    assert built.source.simulated == (source == "synthetic")
    assert list(tmp_path.iterdir()) == []


def test_missing_recordings_are_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(database: object, folder: Path) -> None:
        asked.append(database.name)  # type: ignore[attr-defined]
        write_mi(folder, patients=6, seconds=6)

    monkeypatch.setattr("ecg.recordings.download.download", download)
    source = build(tmp_path / "cache", tmp_path, source="physionet").source
    assert source.recording("sim000") is not None
    assert source.recording("none") is None
    assert asked == ["ptbdb"]


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data = build(tmp_path / "file" / "cache", synthetic=Simulated(patients=6, minutes=0.5))
    with pytest.raises(EcgError, match=r"cannot keep simulated recordings.*cache_dir="):
        data.prepare_data()


@pytest.mark.real
@pytest.mark.parametrize(
    ("databases", "patients", "others"),  # three of ptb-xl are normal or MI in another record
    [
        (["ptbdb"], {"ptbdb": {"normal": 19, "MI": 11}}, 25),
        (["ptbdb", "ptb-xl"], {"ptbdb": {"normal": 19, "MI": 11}, "ptb-xl": {"normal": 286, "MI": 43}}, 25 + 109 - 3),
    ],
)
def test_real_recordings_give_beats_of_every_patient(
    ecg_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
    databases: list[str],
    patients: dict[str, dict[str, int]],
    others: int,
) -> None:
    data = ready(tmp_path_factory.getbasetemp() / "real-mi", ecg_data, source="physionet", databases=databases)
    assert data.info.facts["patients"] == patients
    found = [data.info.facts[f"beside {name}"] for name in databases]
    assert sum(one["other"] for one in found) == others  # type: ignore[index]
    for beats in data.beside.values():
        assert not set(beats.patient) & set(data.beats.patient)
    rates = 60 / data.beats.rr_after[np.isfinite(data.beats.rr_after)]
    assert 30 < np.median(rates) < 100
    assert data.info.leads == ("II",)
    assert ("share no patient" in " ".join(data.info.notes)) == (len(databases) > 1)
    assert data.info.databases == tuple(databases)
    assert set(data.beats.database) == set(databases)
