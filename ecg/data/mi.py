"""MI: beats of patients with myocardial infarction against beats of healthy hearts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ecg.beats.splits import beats_split
from ecg.beats.strata import folds_split, stratified_split
from ecg.data.diagnosis import DiagnosisSource
from ecg.data.module import BeatData, SplitRule
from ecg.data.published_rows import PublishedRows
from ecg.data.simulated import simulated_folder
from ecg.recordings.physionet import DATABASES
from ecg.recordings.ptbdb import has_ptbdb, select_ptbdb
from ecg.recordings.ptbxl import has_ptbxl, select_ptbxl
from ecg.recordings.selection import MI_CLASSES, Selection

SOURCES = ("physionet", "ptb-xl", "both", "kaggle", "synthetic")
SPLITS = ("auto", "patients", "folds", "beats")


class MIData(BeatData):
    """Beats of patients with myocardial infarction and of others. See `BeatData` for the arguments."""

    dataset = "mi"
    classes = MI_CLASSES
    patient_label = True


def physionet_source(data_dir: Path) -> DiagnosisSource:
    """PTB Diagnostic below `data_dir`, downloaded if there is no record of it; a part of it is used as it is."""
    return DiagnosisSource("physionet", False, MI_CLASSES, lambda: [_ptbdb(data_dir)])


def ptbxl_source(data_dir: Path, *, min_likelihood: float) -> DiagnosisSource:
    """PTB-XL below `data_dir`, downloaded if there is no record of it; a part of it is used as it is."""
    return DiagnosisSource("ptb-xl", False, MI_CLASSES, lambda: [_ptbxl(data_dir, min_likelihood)])


def both_source(data_dir: Path, *, min_likelihood: float) -> DiagnosisSource:
    """PTB Diagnostic and PTB-XL together; nothing published says that a patient is in both."""

    def select() -> Sequence[Selection]:
        return [_ptbdb(data_dir), _ptbxl(data_dir, min_likelihood)]

    return DiagnosisSource("both", False, MI_CLASSES, select)


def kaggle_source(data_dir: Path) -> PublishedRows:
    """The published CSV files below `data_dir`."""
    return PublishedRows(data_dir / "kaggle")


def synthetic_source(cache: Path, *, patients: int, minutes: float, seed: int) -> DiagnosisSource:
    """Simulated recordings of `patients` people, `minutes` long, kept below `cache`."""

    def select() -> Sequence[Selection]:
        from ecg.recordings.synthetic import write_mi

        write = partial(write_mi, patients=patients, seconds=60 * minutes, seed=seed)
        folder = simulated_folder(cache, "mi", patients=patients, minutes=minutes, seed=seed, write=write)
        return [replace(select_ptbdb(folder, whole=None), database="synthetic")]

    return DiagnosisSource("synthetic", True, MI_CLASSES, select)


def split_name(name: str, source: str) -> str:
    """What `dataset.split` means: `auto` keeps patients apart wherever they are known."""
    if name != "auto":
        return name
    return "beats" if source == "kaggle" else "patients"


def split_rule(
    name: str,
    *,
    val_fraction: float | None,
    test_fraction: float | None,
    train_fraction: float,
    folds: tuple[int, int, int],
    seed: int,
) -> SplitRule:
    """The rule that `dataset.split` names.

    Args:
        name: one of `SPLITS` but `auto`, see `split_name`.
        val_fraction: share of the training side kept for validation; None: 0.05 of the beats, 0.2 of the patients.
        test_fraction: share of the test side; None: 0.2 of the beats, as published, 0.3 of each class's patients.
        train_fraction: share of the training patients that are used.
        folds: number of folds, the fold that tests, the repeat.
        seed: of every random draw but those of the folds.
    """
    if name == "beats":
        val = 0.05 if val_fraction is None else val_fraction
        test = 0.2 if test_fraction is None else test_fraction
        return partial(beats_split, test_fraction=test, val_fraction=val, seed=seed)
    val = 0.2 if val_fraction is None else val_fraction
    if name == "folds":
        count, index, repeat = folds
        return partial(
            folds_split,
            classes=MI_CLASSES,
            count=count,
            index=index,
            repeat=repeat,
            val_fraction=val,
            train_fraction=train_fraction,
        )
    return partial(
        stratified_split,
        classes=MI_CLASSES,
        test_fraction=0.3 if test_fraction is None else test_fraction,
        val_fraction=val,
        train_fraction=train_fraction,
        seed=seed,
    )


def _ptbdb(data_dir: Path) -> Selection:
    folder = data_dir / "ptbdb"
    if not has_ptbdb(folder):
        from ecg.recordings.download import download

        download(DATABASES["ptbdb"], folder)
    return select_ptbdb(folder)


def _ptbxl(data_dir: Path, min_likelihood: float) -> Selection:
    folder = data_dir / "ptb-xl"
    if not has_ptbxl(folder):
        from ecg.recordings.download import download

        download(DATABASES["ptb-xl"], folder)
    return select_ptbxl(folder, min_likelihood=min_likelihood)
