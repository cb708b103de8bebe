"""MI: beats of patients with myocardial infarction against beats of healthy hearts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

from ecg.beats.cuts import KaggleCut, PaperCut
from ecg.beats.splits import BY_PATIENT, Split, beats_split
from ecg.beats.strata import folds_split, stratified_split
from ecg.checks import BadSettingError, in_range, one_of
from ecg.data.diagnosis import DiagnosisSource
from ecg.data.module import BeatData, SplitRule
from ecg.data.published_rows import PublishedRows
from ecg.data.settings import Folds, Simulated, check_fractions
from ecg.data.sources import Source, all_there, downloaded
from ecg.recordings.data_dir import cache_folder, data_folder
from ecg.recordings.ptbdb import select_ptbdb
from ecg.recordings.ptbxl import select_ptbxl
from ecg.recordings.selection import MI_CLASSES, Selection

SOURCES = ("physionet", "ptb-xl", "both", "kaggle", "synthetic")
SPLITS = ("auto", "patients", "folds", "beats")
_DATABASES = {"physionet": ("ptbdb",), "ptb-xl": ("ptb-xl",), "both": ("ptbdb", "ptb-xl")}


class MIDataModule(BeatData):
    """Beats of infarction patients and of healthy hearts, as batches (x, y); the label is the patient's.

    x has shape [batch, 1, sample], float32, 0..1; y has shape [batch], 0 normal and 1 MI.

    Args:
        source: physionet (PTB Diagnostic), ptb-xl, both, kaggle (the CSV files), synthetic.
        cut: the rule that makes a beat's samples; the one that a source model was trained on.
        split: who trains and who tests; auto keeps patients apart wherever they are known.
        min_likelihood: PTB-XL: least likelihood in percent of the statement that gives a record its class. By default
            at least as likely as not: a third of its infarctions are stated at 15 or 35 %. 0 takes every statement,
            also where none is stated.
        beats_per_patient: beats kept of each patient, evenly spaced; None: all. The long records of PTB are all MI.
        train_fraction_of_patients: share of the training patients that are used; validation and test stay the same.
        folds: settings of split=folds.
        val_fraction: share of the training subset kept for validation; None: 0.05 of the beats, 0.2 of the patients.
        test_fraction: share of the test subset; None: 0.2 of the beats, 0.3 of the patients.
        batch_size: beats per batch, per process.
        paper: settings of cut=paper.
        synthetic: settings of source=synthetic.
        data_dir: holds ptbdb/, ptb-xl/ and kaggle/; None: ECG_DATA, or the platform's cache folder.
        cache_dir: for prepared beats and simulated recordings; None: the platform's cache folder.
        seed: of the order of training batches and the random parts of a split.

    Raises:
        EcgError: a value out of range, none of the choices, or a split that the source cannot have.
    """

    dataset = "mi"
    classes = MI_CLASSES
    patient_label = True
    augment_by_default = False  # what frozen layers make of a beat is computed once
    with_baselines = True
    databases_of: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType(
        {source: frozenset(databases) for source, databases in _DATABASES.items()} | {"kaggle": frozenset({"ptbdb"})}
    )

    def __init__(
        self,
        source: Literal["physionet", "ptb-xl", "both", "kaggle", "synthetic"] = "physionet",
        cut: Literal["kaggle", "paper"] = "kaggle",
        split: Literal["auto", "patients", "folds", "beats"] = "auto",
        *,
        min_likelihood: float = 50.0,
        beats_per_patient: int | None = 30,
        train_fraction_of_patients: float = 1.0,
        folds: Folds = Folds(),  # noqa: B008 (frozen)
        val_fraction: float | None = None,
        test_fraction: float | None = None,
        batch_size: int = 256,
        paper: PaperCut = PaperCut(),  # noqa: B008 (frozen)
        synthetic: Simulated = Simulated(patients=60, minutes=0.5),  # noqa: B008 (frozen)
        data_dir: str | Path | None = None,
        cache_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        one_of("source", source, SOURCES)
        one_of("cut", cut, ("kaggle", "paper"))
        one_of("split", split, SPLITS)
        check_fractions(val_fraction=val_fraction, test_fraction=test_fraction, batch_size=batch_size)
        in_range("min_likelihood", min_likelihood, 0, 100)
        if beats_per_patient is not None:
            in_range("beats_per_patient", beats_per_patient, 1)
        if split == "auto":
            split = "beats" if source == "kaggle" else "patients"
        _check_patients(source, split, train_fraction_of_patients)
        cache = cache_folder(cache_dir)
        super().__init__(
            source=_source(source, data_folder(data_dir), cache, synthetic, min_likelihood),
            cut=paper if cut == "paper" else KaggleCut(),
            split_rule=_split_rule(split, val_fraction, test_fraction, train_fraction_of_patients, folds, seed),
            cache=cache,
            batch_size=batch_size,
            seed=seed,
            beats_per_patient=beats_per_patient,
            synthetic_seed=synthetic.seed,
        )


def _check_patients(source: str, split: str, share: float) -> None:
    """Refuse to keep patients apart where nobody knows them."""
    in_range("train_fraction_of_patients", share, 0, 1, include_low=False)
    if split in BY_PATIENT and source == "kaggle":
        raise BadSettingError(
            f"split={split}: dataset.source=kaggle does not tell whose beats they are; choose "
            "dataset.split=beats, or dataset.source=physionet"
        )
    if share < 1 and split not in BY_PATIENT:
        raise BadSettingError(
            f"train_fraction_of_patients={share:g}: needs a split by patient; choose "
            f"dataset.split={' or '.join(BY_PATIENT)}, or leave it at 1"
        )


def _source(name: str, data_dir: Path, cache: Path, synthetic: Simulated, min_likelihood: float) -> Source:
    if name == "synthetic":
        return synthetic_source(cache, synthetic)
    if name == "kaggle":
        return PublishedRows(
            data_dir / "kaggle",
            ("ptbdb_normal.csv", "ptbdb_abnormal.csv"),
            fs=125.0,  # Kachuee et al. 2018; the rows of MIT-BIH, cut by another rule, are at 120 Hz
            lead="II",
            r_peaks="as published (Kachuee et al. 2018)",
            cuts=("kaggle", "paper"),
            n_classes=len(MI_CLASSES),
            class_by_file=True,
        )
    return physionet_source(data_dir, _DATABASES[name], min_likelihood, name)


def physionet_source(
    data_dir: Path, databases: Sequence[str] = ("ptbdb",), min_likelihood: float = 0, name: str = "physionet"
) -> DiagnosisSource:
    """Databases below `data_dir`, downloaded where there is no record of one; a part of one is used as it is.

    Nothing published says that a patient is in two of them.
    """
    select = partial(_select, data_dir, databases, min_likelihood)
    return DiagnosisSource(name, False, select, partial(all_there, data_dir, *databases))


def _select(data_dir: Path, databases: Sequence[str], min_likelihood: float) -> Sequence[Selection]:
    likely = partial(select_ptbxl, min_likelihood=min_likelihood)
    select: dict[str, Callable[[Path], Selection]] = {"ptbdb": select_ptbdb, "ptb-xl": likely}
    return [select[database](downloaded(data_dir, database)) for database in databases]


def synthetic_source(cache: Path, simulated: Simulated) -> DiagnosisSource:
    """Simulated recordings, kept below `cache`."""
    return DiagnosisSource("synthetic", True, partial(_simulate, simulated, cache))


def _simulate(simulated: Simulated, cache: Path) -> Sequence[Selection]:
    return [replace(select_ptbdb(simulated.folder("mi", cache), whole=None), database="synthetic")]


def _split_rule(
    name: str, val: float | None, test: float | None, train_fraction: float, folds: Folds, seed: int
) -> SplitRule:
    """The rule that `split` names, with the usual shares in place of None."""
    by_beat = name == "beats"
    val = (0.05 if by_beat else 0.2) if val is None else val
    test = (0.2 if by_beat else 0.3) if test is None else test
    if by_beat:
        return partial(beats_split, test_fraction=test, val_fraction=val, seed=seed)
    by_patient = partial(stratified_split, test_fraction=test, seed=seed)
    rule: Callable[..., Split] = partial(folds_split, **asdict(folds)) if name == "folds" else by_patient
    return partial(rule, classes=MI_CLASSES, val_fraction=val, train_fraction=train_fraction)
