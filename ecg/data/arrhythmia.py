"""Arrhythmia: MIT-BIH beats in five AAMI classes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.splits import beats_split, kaggle_split, patients_split
from ecg.data.module import BeatData, SplitRule
from ecg.data.simulated import simulated_folder
from ecg.data.sources import KaggleSource, RecordingSource
from ecg.recordings.physionet import DATABASES, MITDB_RECORDS, missing_files, mitdb_patient, require_mitdb
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

SOURCES = ("physionet", "kaggle", "synthetic")
SPLITS = ("auto", "kaggle", "beats", "patients")


class ArrhythmiaData(BeatData):
    """MIT-BIH (or simulated, or ready-made Kaggle) beats as N, S, V, F or Q. See `BeatData` for the arguments."""

    dataset = "arrhythmia"
    classes = AAMI_CLASSES


def physionet_source(data_dir: Path) -> RecordingSource:
    """MIT-BIH below `data_dir`; files that are missing there are downloaded."""

    def fetch() -> tuple[Path, list[str]]:
        folder = data_dir / "mitdb"
        if missing_files(folder):
            from ecg.recordings.download import download

            download(DATABASES["mitdb"], folder)
            require_mitdb(folder)
        return folder, list(MITDB_RECORDS)

    def read(folder: Path, record: str) -> Recording:
        return read_record(folder / record, patient=mitdb_patient(record))

    return RecordingSource("physionet", False, fetch, read)


def synthetic_source(cache: Path, *, patients: int, minutes: float, seed: int) -> RecordingSource:
    """Simulated recordings of `patients` people, `minutes` long, kept below `cache`."""

    def fetch() -> tuple[Path, list[str]]:
        from ecg.recordings.synthetic import write_arrhythmia

        write = partial(write_arrhythmia, patients=patients, minutes=minutes, seed=seed)
        folder = simulated_folder(cache, "arrhythmia", patients=patients, minutes=minutes, seed=seed, write=write)
        return folder, (folder / "RECORDS").read_text().split()

    def read(folder: Path, record: str) -> Recording:
        return read_record(folder / record)

    return RecordingSource("synthetic", True, fetch, read)


def kaggle_source(data_dir: Path) -> KaggleSource:
    """The published CSV files below `data_dir`."""
    return KaggleSource(data_dir / "kaggle")


def split_rule(
    name: str,
    *,
    source: str,
    cut: str,
    val_fraction: float | None,
    test_fraction: float,
    strict_subjects: bool,
    seed: int,
) -> SplitRule:
    """The rule that `dataset.split` names; `auto` is `kaggle` where the published split covers the beats.

    Args:
        name: one of `SPLITS`.
        source: one of `SOURCES`.
        cut: name of the cut.
        val_fraction: share of the training side kept for validation; None: 0.05 of the beats, 0.2 of the patients.
        test_fraction: share of test beats, where no standard split says it.
        strict_subjects: leave 201 out of DS1, since its subject is also 202 of DS2.
        seed: of every random draw.
    """
    if name == "auto":
        name = "kaggle" if cut == "kaggle" and source in ("physionet", "kaggle") else "patients"
    if val_fraction is None:
        val_fraction = 0.2 if name == "patients" else 0.05
    if name == "kaggle":
        return partial(kaggle_split, val_fraction=val_fraction, seed=seed)
    if name == "beats":
        return partial(beats_split, test_fraction=test_fraction, val_fraction=val_fraction, seed=seed)
    return partial(
        patients_split,
        test_fraction=test_fraction,
        val_fraction=val_fraction,
        seed=seed,
        strict_subjects=strict_subjects,
    )
