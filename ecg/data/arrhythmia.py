"""Arrhythmia: MIT-BIH beats in five AAMI classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from ecg.beats.cuts import KaggleCut, PaperCut
from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.splits import BY_PATIENT, TEST_FILE, TRAIN_FILE, Split, beats_split, kaggle_split, patients_split
from ecg.checks import one_of
from ecg.data.module import BeatData, SplitRule
from ecg.data.published_rows import PublishedRows
from ecg.data.settings import Simulated, check_fractions
from ecg.data.sources import ANNOTATED, RecordingSource, Source, all_there, downloaded
from ecg.recordings.data_dir import cache_folder, data_folder
from ecg.recordings.physionet import MITDB_RECORDS, read_mitdb_record
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_files import read_record

SOURCES = ("physionet", "kaggle", "synthetic")
SPLITS = ("auto", "kaggle", "beats", "patients")


class ArrhythmiaDataModule(BeatData):
    """MIT-BIH (or simulated, or ready-made Kaggle) beats as N, S, V, F or Q, as batches (x, y).

    x has shape [batch, 1, sample], float32, 0..1; y has shape [batch], class numbers.

    Args:
        source: physionet (MIT-BIH, downloaded if it is not there), kaggle (the CSV files), synthetic.
        cut: the rule that makes a beat's samples.
        split: who trains and who tests; auto is kaggle where the published split covers the beats, else patients.
        strict_subjects: leave record 201 out of DS1, since its subject is also record 202 of DS2.
        val_fraction: share of the training subset kept for validation; None: 0.05 of the beats, 0.2 of the patients.
        test_fraction: share of the test subset, where no standard split says it.
        batch_size: beats per batch, per process.
        paper: settings of cut=paper.
        synthetic: settings of source=synthetic.
        data_dir: holds mitdb/ and kaggle/; None: ECG_DATA, or the platform's cache folder.
        cache_dir: for prepared beats and simulated recordings; None: the platform's cache folder.
        seed: of the order of training batches and the random parts of a split.

    Raises:
        EcgError: a value out of range, or none of the choices.
    """

    dataset = "arrhythmia"
    classes = AAMI_CLASSES
    databases_of: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType(
        {"physionet": frozenset({"mitdb"}), "kaggle": frozenset({"mitdb"})}
    )

    def __init__(
        self,
        source: Literal["physionet", "kaggle", "synthetic"] = "physionet",
        cut: Literal["kaggle", "paper"] = "kaggle",
        split: Literal["auto", "kaggle", "beats", "patients"] = "auto",
        *,
        strict_subjects: bool = False,
        val_fraction: float | None = None,
        test_fraction: float | None = None,
        batch_size: int = 256,
        paper: PaperCut = PaperCut(),  # noqa: B008 (frozen)
        synthetic: Simulated = Simulated(),  # noqa: B008 (frozen)
        data_dir: str | Path | None = None,
        cache_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        one_of("source", source, SOURCES)
        one_of("cut", cut, ("kaggle", "paper"))
        one_of("split", split, SPLITS)
        check_fractions(val_fraction=val_fraction, test_fraction=test_fraction, batch_size=batch_size)
        cache = cache_folder(cache_dir)
        super().__init__(
            source=_source(source, data_folder(data_dir), cache, synthetic),
            cut=paper if cut == "paper" else KaggleCut(),
            split_rule=split_rule(split, source, cut, val_fraction, test_fraction or 0.2, strict_subjects, seed),
            cache=cache,
            batch_size=batch_size,
            seed=seed,
            synthetic_seed=synthetic.seed,
        )


def _source(name: str, data_dir: Path, cache: Path, synthetic: Simulated) -> Source:
    if name == "physionet":
        return physionet_source(data_dir)
    if name == "synthetic":
        return synthetic_source(cache, synthetic)
    return PublishedRows(
        data_dir / "kaggle",
        (TRAIN_FILE, TEST_FILE),
        fs=KaggleCut.fs,
        lead="first signal",
        r_peaks=ANNOTATED,
        cuts=("kaggle",),
        n_classes=len(AAMI_CLASSES),
    )


def physionet_source(data_dir: Path) -> RecordingSource:
    """MIT-BIH below `data_dir`; files that are missing there are downloaded."""
    fetch, at_hand = partial(_fetch_mitdb, data_dir), partial(all_there, data_dir, "mitdb")
    return RecordingSource("physionet", False, fetch, read_mitdb_record, at_hand)


def _fetch_mitdb(data_dir: Path) -> tuple[Path, list[str]]:
    return downloaded(data_dir, "mitdb"), list(MITDB_RECORDS)


def synthetic_source(cache: Path, simulated: Simulated) -> RecordingSource:
    """Simulated recordings, kept below `cache`."""
    return RecordingSource("synthetic", True, partial(_simulate, simulated, cache), _read_simulated)


def _simulate(simulated: Simulated, cache: Path) -> tuple[Path, list[str]]:
    folder = simulated.folder("arrhythmia", cache)
    return folder, (folder / "RECORDS").read_text(encoding="utf-8").split()


def _read_simulated(folder: Path, record: str) -> Recording:
    return read_record(folder / record)


def split_rule(
    name: str, source: str, cut: str, val_fraction: float | None, test_fraction: float, strict_subjects: bool, seed: int
) -> SplitRule:
    """The rule that `split` names; `auto` is `kaggle` where the published split covers the beats.

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
        val_fraction = 0.2 if name in BY_PATIENT else 0.05
    with_test = partial(beats_split, test_fraction=test_fraction)
    by_patient = partial(patients_split, test_fraction=test_fraction, strict_subjects=strict_subjects)
    rules: dict[str, Callable[..., Split]] = {"kaggle": kaggle_split, "beats": with_test, "patients": by_patient}
    return partial(rules[name], val_fraction=val_fraction, seed=seed)
