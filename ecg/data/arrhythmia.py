"""Arrhythmia: beats with reference annotations in five AAMI classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.segmentations import KaggleSegmentation, Segmentation
from ecg.beats.splits import (
    TEST_FILE,
    TRAIN_FILE,
    Split,
    beats_split,
    kaggle_split,
    patients_split,
    training_folds_split,
)
from ecg.checks import BadSettingError, one_of
from ecg.data.mixture import Mixture
from ecg.data.module import BeatData
from ecg.data.published_rows import PublishedRows
from ecg.data.settings import (
    Folds,
    Simulated,
    check_fractions,
    chosen_databases,
    chosen_segmentation,
    chosen_split,
)
from ecg.data.sources import ANNOTATED, AnnotatedSource, Source, annotated_source, downloaded
from ecg.recordings.data_dir import cache_folder, data_folder
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.cinc2017 import CINC2017
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.databases.sample import FOLDER, SAMPLE

SOURCES = ("physionet", "sample", "kaggle", "synthetic")
SPLITS: Mapping[str, Callable[..., Split]] = MappingProxyType(
    {"kaggle": kaggle_split, "beats": beats_split, "patients": patients_split, "folds": training_folds_split}
)
"""Every split by the name that `dataset.split` takes."""
_SIMULATED = BeatDatabase(name="synthetic", title="Simulated recordings")


class ArrhythmiaDataModule(BeatData):
    """Beats of MIT-BIH, or of other databases, simulated or ready-made, as N, S, V, F or Q.

    Batches are (inputs, y): inputs by name as the segmentation gives them, `signal` of shape [batch, lead, sample],
    float32; y has shape [batch], class numbers.

    Args:
        source: physionet (recordings; downloaded if they are not there), sample (nine of MIT-BIH, which ship with
            ecg), kaggle (the CSV files), synthetic.
        segmentation: the rule that makes a beat's inputs: its name, `{name: ..., setting: ...}`, or an import path.
        split: who trains and who tests: auto, kaggle, beats, patients, folds (over the training patients of patients),
            or the import path of a function from beats to a split; auto is kaggle where the published split covers
            the beats, else patients.
        databases: of source=physionet: mitdb, svdb, or import paths of one's own.
        leads: by name, one for each row of the signal; alternatives as in `MLII|II`; `first` is a record's first
            signal; None: as the segmentation usually does.
        scaling: what becomes of amplitudes: minmax (each beat to 0..1), mv, qrs (in heights of the recording's median
            QRS complex); None: the segmentation's own.
        folds: of split=folds.
        strict_subjects: leave training records out whose subject is also tested (201 of MIT-BIH is also 202).
        val_fraction: share of the training subset kept for validation; None: 0.05 of the beats, 0.2 of the patients;
            0: none, for split=patients and folds.
        test_fraction: share of the test subset, where no standard split says it.
        batch_size: beats per batch, per process.
        synthetic: settings of source=synthetic.
        mixture: what training windows are drawn from, for models of consecutive beats.
        data_dir: holds mitdb/, svdb/ and kaggle/; None: ECG_DATA, or the platform's cache folder.
        cache_dir: for prepared beats and simulated recordings; None: the platform's cache folder.
        seed: of the order of training batches and the random parts of a split.

    Raises:
        EcgError: a value out of range, or none of the choices.

    Example:
        >>> data = ArrhythmiaDataModule(source="sample", batch_size=64)
        >>> data.prepare_data()
        >>> data.setup()
        >>> inputs, y = next(iter(data.train_dataloader()))
        >>> inputs["signal"].shape, y.shape
        (torch.Size([64, 1, 187]), torch.Size([64]))
    """

    dataset = "arrhythmia"
    classes = AAMI_CLASSES
    rare_classes = (1, 2, 3)  # S, V, F

    def __init__(
        self,
        source: Literal["physionet", "sample", "kaggle", "synthetic"] = "physionet",
        segmentation: str | Mapping[str, Any] | Segmentation = "kaggle",
        split: str = "auto",
        *,
        databases: Sequence[str | BeatDatabase] = ("mitdb",),
        leads: Sequence[str] | None = None,
        scaling: Literal["minmax", "mv", "qrs"] | None = None,
        folds: Folds = Folds(),  # noqa: B008 (frozen)
        strict_subjects: bool = False,
        val_fraction: float | None = None,
        test_fraction: float | None = None,
        batch_size: int = 256,
        synthetic: Simulated = Simulated(),  # noqa: B008 (frozen)
        mixture: Mixture = Mixture(),  # noqa: B008 (frozen)
        data_dir: str | Path | None = None,
        cache_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        one_of("source", source, SOURCES)
        check_fractions(val_fraction=val_fraction, test_fraction=test_fraction, batch_size=batch_size)
        cache = cache_folder(cache_dir)
        known: tuple[BeatDatabase, ...] = (SAMPLE,) if source == "sample" else ()
        if source == "physionet":
            known = chosen_databases(databases, BeatDatabase)
        made = chosen_segmentation(segmentation, scaling, source=source, databases=known)
        if split == "auto":
            published = source == "kaggle" or known == (MITDB,)
            split = "kaggle" if isinstance(made, KaggleSegmentation) and not leads and published else "patients"
        rule = chosen_split(split, SPLITS)
        by_beat = split in ("kaggle", "beats")
        settings = {
            "val_fraction": (0.05 if by_beat else 0.2) if val_fraction is None else val_fraction,
            "test_fraction": test_fraction or 0.2,
            "strict_subjects": strict_subjects,
            "databases": known,
            "classes": AAMI_CLASSES,
            "seed": seed,
            **asdict(folds),
        }
        super().__init__(
            source=_source(source, data_folder(data_dir), cache, synthetic, known, mixture),
            segmentation=made,
            leads=leads,
            split_rule=rule(settings),
            cache=cache,
            batch_size=batch_size,
            seed=seed,
            synthetic_seed=synthetic.seed,
            mixture=mixture,
        )


def _source(
    name: str,
    data_dir: Path,
    cache: Path,
    synthetic: Simulated,
    databases: Sequence[BeatDatabase],
    mixture: Mixture,
) -> Source:
    if name == "physionet":
        return annotated_source(databases, data_dir, mixture)
    added: dict[str, Any] = {"mixture": mixture, "examples": partial(downloaded, data_dir, CINC2017)}
    if name == "sample":
        return AnnotatedSource("sample", False, [(SAMPLE, partial(Path, FOLDER))], **added)
    if name == "synthetic":
        return replace(synthetic_source(cache, synthetic), **added)
    if mixture.active:
        raise BadSettingError(
            "mixture: dataset.source=kaggle has beats without recordings; choose another source, or leave it out"
        )
    return PublishedRows(
        data_dir / "kaggle",
        (TRAIN_FILE, TEST_FILE),
        fs=KaggleSegmentation.fs,
        database="mitdb",
        lead="first signal",
        r_peaks=ANNOTATED,
        segmentations=("kaggle",),
        n_classes=len(AAMI_CLASSES),
    )


def synthetic_source(cache: Path, simulated: Simulated) -> AnnotatedSource:
    """Simulated recordings, kept below `cache`."""
    return AnnotatedSource("synthetic", True, [(_SIMULATED, partial(simulated.folder, "arrhythmia", cache))])
