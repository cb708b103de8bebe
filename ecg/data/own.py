"""A person's own labelled recordings for training, by settings alone."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd

from ecg.beats.grouping import Index, positions
from ecg.beats.labels import AAMI_SYMBOLS
from ecg.beats.segmentations import Segmentation
from ecg.beats.segmentations.scaling import MV
from ecg.beats.splits import Split, beats_split, patients_split, training_folds_split
from ecg.beats.table import Beats
from ecg.checks import BadSettingError, in_range
from ecg.data.module import BeatData
from ecg.data.own_patients import FROM_NAME, check_patients
from ecg.data.own_source import OwnSource
from ecg.data.settings import Folds, SplitRule, check_fractions, chosen_segmentation, chosen_split
from ecg.errors import EcgError
from ecg.recordings.data_dir import cache_folder
from ecg.recordings.formats.units import UNITS, known_unit
from ecg.recordings.leads import FIRST

log = logging.getLogger(__name__)

SPLITS: Mapping[str, Callable[..., Split]] = MappingProxyType(
    {"patients": patients_split, "folds": training_folds_split, "beats": beats_split}
)
"""Every split by the name that `dataset.split` takes."""
Label = str | int
"""A label may be a number; it is compared as text."""
Classes = Mapping[str, Sequence[Label]] | Sequence[Label]


class OwnDataModule(BeatData):
    """Beats of a person's own recordings, labelled by that person.

    What was found of each patient and class is logged, with the subset that it is in.

    Args:
        recordings: folder of the recordings, in any format that `ecg predict` reads.
        labels: `csv`, tables `<record>.csv` or `<record>.labels.csv` with the columns label, and sample or time_s, as
            `ecg predict` writes them; or a WFDB annotator such as `atr`.
        labels_folder: folder of the files of labels; None: beside the recordings.
        classes: labels of each class by the class's name, in the order of class numbers; or a list of labels, each a
            class; None: the five of AAMI. A class's own name is one of its labels.
        left_out: labels of beats that neither train nor test.
        patients: from_name (each recording is of another patient), from_folder (each has a folder), a CSV file with the
            columns record and patient, or a pattern whose group in the file's name is the patient, e.g. `(p[0-9]+)`.
        segmentation: the rule that makes a beat's inputs.
        split: auto (patients), patients, folds, beats, or the import path of one's own.
        leads: the lead by name, with alternatives as in `MLII|II`; None: MLII, II, or the only one.
        scaling: minmax (each beat to 0..1), mv, qrs (in heights of the recording's median QRS complex); None: the
            segmentation's own.
        fs: sampling rate in Hz, for files that do not say it.
        unit: mV, uV, V or ADU, for files that do not say it.
        folds: of split=folds.
        val_fraction: share of the training subset kept for validation; 0: none, but for split=beats.
        test_fraction: share of the test subset.
        batch_size: beats per batch, per process.
        cache_dir: for prepared beats; None: the platform's cache folder.
        seed: of the order of training batches and the split.

    Raises:
        EcgError: a value out of range, or none of the choices.
    """

    dataset = "own"
    own: OwnSource

    def __init__(
        self,
        recordings: str | Path,
        labels: str = "csv",
        *,
        labels_folder: str | Path | None = None,
        classes: Classes | None = None,
        left_out: Sequence[Label] = (),
        patients: str = FROM_NAME,
        segmentation: str | Mapping[str, Any] | Segmentation = "kaggle",
        split: str = "patients",
        leads: Sequence[str] | None = None,
        scaling: Literal["minmax", "mv", "qrs"] | None = None,
        fs: float | None = None,
        unit: str | None = None,
        folds: Folds = Folds(),  # noqa: B008 (frozen)
        val_fraction: float | None = None,
        test_fraction: float | None = None,
        batch_size: int = 256,
        cache_dir: str | Path | None = None,
        seed: int = 0,
    ) -> None:
        check_fractions(val_fraction=val_fraction, test_fraction=test_fraction, batch_size=batch_size)
        chosen, without = _checked_classes(classes, left_out), tuple(map(str, left_out))
        self.classes = tuple(chosen)
        _check_reading(labels, leads, fs, unit)
        if scaling == MV and unit is not None and known_unit(unit) == "ADU":
            raise BadSettingError("scaling=mv: unit=ADU says that amplitudes are not in mV; choose minmax or qrs")
        check_patients(patients)
        self.own = OwnSource(
            Path(recordings).expanduser(),
            labels.lower() if labels.lower() == "csv" else labels,
            Path(labels_folder).expanduser() if labels_folder else None,
            chosen,
            without,
            patients,
            tuple(leads or (FIRST,)),
            fs,
            unit,
        )
        split = "patients" if split == "auto" else split
        settings = {
            "val_fraction": (0.05 if split == "beats" else 0.2) if val_fraction is None else val_fraction,
            "test_fraction": test_fraction or 0.2,
            "databases": (),
            "classes": self.classes,
            "seed": seed,
            **asdict(folds),
        }
        super().__init__(
            source=self.own,
            segmentation=chosen_segmentation(segmentation, scaling),
            leads=self.own.leads,
            split_rule=_for_enough(chosen_split(split, SPLITS)(settings), settings, split, patients),
            cache=cache_folder(cache_dir),
            batch_size=batch_size,
            seed=seed,
        )

    def setup(self, stage: str | None = None) -> None:
        """Load the beats and divide them, and log what was found; a second call changes nothing."""
        if hasattr(self, "info"):
            return
        super().setup(stage)
        log.info("beats by patient and class:\n%s", self._found())
        if skipped := self.own.files.skipped:
            log.info("files that are no recordings: %d, e.g. %s", len(skipped), skipped[0])

    @property
    def databases(self) -> frozenset[str]:
        """One for all of a person's recordings, wherever they are; known before any is read."""
        return frozenset(self.own.databases)

    def _found(self) -> str:
        """Beats of each patient and class, and where they are; for people to look at before they train."""
        subset = np.full(len(self.beats), "none", dtype="<U5")
        for name, index in self.split.subsets.items():
            subset[index] = name
        rows = []
        for patient, own in positions(self.beats.patient).items():
            places = np.unique(subset[own]).tolist()
            rows.append([patient, *self._counts(own), places[0] if len(places) == 1 else "all"])
        rows.append(["all", *self._counts(np.arange(len(self.beats))), ""])
        return pd.DataFrame(rows, columns=["patient", *self.classes, "subset"]).to_string(index=False, max_rows=60)

    def _counts(self, index: Index) -> list[int]:
        return list(map(int, np.bincount(self.beats.y[index], minlength=len(self.classes))))


def _for_enough(rule: SplitRule, settings: Mapping[str, Any], split: str, told_by: str) -> SplitRule:
    """The rule, with a message of its own where there are too few patients to divide."""
    needed = 3 if settings["val_fraction"] else 2

    def divided(beats: Beats) -> Split:
        patients = np.unique(beats.patient).tolist()
        if split in ("patients", "folds") and len(patients) < needed:
            said = f"{needed} or more patients must train, validate and test; these have {len(patients)}"
            way = f"see dataset.patients={told_by}, or try dataset.split=beats, which measures memory of known patients"
            raise EcgError(f"dataset.split={split}: {said} ({', '.join(patients)}); {way}")
        return rule(beats)

    return divided


def _check_reading(labels: str, leads: Sequence[str] | None, fs: float | None, unit: str | None) -> None:
    """Refuse what says how files are read, and says it wrongly.

    Raises:
        BadSettingError: so it is.
    """
    if not re.fullmatch(r"\w+", labels) or labels.lower() in ("xlsx", "xls", "tsv", "txt", "json"):
        raise BadSettingError(f"labels={labels}: must be csv, or the ending of WFDB annotation files, e.g. atr")
    if leads is not None and (isinstance(leads, str) or len(leads) != 1):
        said = leads if isinstance(leads, str) else ",".join(leads)
        raise BadSettingError(
            f"leads=[{said}]: one lead of one's own recordings is read; name one, e.g. [II] or [MLII|II]"
        )
    if fs is not None:
        in_range("fs", fs, 0, 1e6, include_low=False, include_high=False)
    if unit is not None and known_unit(unit) is None:
        raise BadSettingError(f"unit={unit}: choose one of {', '.join(UNITS)}")


def _checked_classes(classes: Classes | None, left_out: Sequence[Label]) -> Mapping[str, Sequence[str]]:
    """The classes with their labels.

    Raises:
        BadSettingError: fewer than two, one without labels, or a label that is in two of them or left out.
    """
    if isinstance(left_out, str):
        raise BadSettingError(f"left_out={left_out}: must be a list of labels, e.g. [{left_out}]")
    if classes is None:
        without = set(map(str, left_out))
        return {name: tuple(one for one in symbols if one not in without) for name, symbols in AAMI_SYMBOLS.items()}
    if isinstance(classes, str):
        raise BadSettingError(f"classes={classes}: must be labels of each class, e.g. {{N: [N, L], V: [V]}}")
    if not isinstance(classes, Mapping):
        if len(set(classes)) < len(classes):
            raise BadSettingError(f"classes=[{','.join(map(str, classes))}]: names one twice")
        classes = {str(name): (name,) for name in classes}
    if len(classes) < 2:
        raise BadSettingError(f"classes={_plain(classes)}: name two or more, e.g. {{N: [N, L], V: [V]}}")
    place: dict[str, str] = {}
    for name, labels in classes.items():
        if isinstance(labels, str) or not isinstance(labels, Sequence) or not labels:
            raise BadSettingError(f"classes.{name}={labels}: must be a list of labels, e.g. [{name}]")
        for label in map(str, labels):
            if label in map(str, left_out):
                raise BadSettingError(f"classes.{name}: the label {label} is in left_out too")
            if place.setdefault(label, str(name)) != str(name):
                raise BadSettingError(f"classes: the label {label} is in {place[label]} and in {name}")
    return {str(name): tuple(map(str, labels)) for name, labels in classes.items()}


def _plain(classes: Mapping[str, Sequence[Label]]) -> str:
    """As a person types it."""
    return "{" + ", ".join(f"{name}: [{', '.join(map(str, labels))}]" for name, labels in classes.items()) + "}"
