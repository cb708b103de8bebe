"""Beats of recordings that carry a diagnosis: R peaks detected, quality checked, what is left out counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from ecg.beats import detected, quality
from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.rpeaks import Detector
from ecg.beats.segmentations import Segmentation, key_of
from ecg.beats.stratified import one_class_each
from ecg.beats.table import Beats
from ecg.data.sources import Prepared, nothing_to_download
from ecg.errors import EcgError
from ecg.progress import track
from ecg.recordings.databases.diagnosis import INFARCTION, NORMAL, DiagnosedRecord, Selection
from ecg.recordings.recording import Recording

MI_CLASSES: tuple[str, ...] = (NORMAL, INFARCTION)
"""Class names in the order of their numbers."""
LEADS = ("II",)


@dataclass
class DiagnosisSource:
    """Recordings of one or more databases, each with its patient's diagnosis.

    Attributes:
        name: as in `dataset.source`.
        simulated: whether they come from a model of the ECG.
        select: makes sure that the recordings are there; returns what can be used, one selection per database.
        rpeaks: finds the R peaks.
        databases: short names; none of a simulation.
        ready: whether `select` needs no download.
    """

    name: str
    simulated: bool
    select: Callable[[], Sequence[Selection]]
    rpeaks: Detector
    databases: tuple[str, ...] = ()
    ready: Callable[[], bool] = nothing_to_download

    def at_hand(self) -> bool:
        """Whether nothing must be downloaded."""
        return self.ready()

    @cached_property
    def selections(self) -> Sequence[Selection]:
        """What can be used, one selection per database; looked for once."""
        return self.select()

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        """Read every record, detect its beats in the first lead and segment them, or take the result from the cache.

        Raises:
            EcgError: no recordings, files that are missing or damaged, a patient of two classes, a class without beats.
        """
        records = [record for selection in self.selections for record in selection.records]
        label = np.array([MI_CLASSES.index(record.diagnosis) for record in records], dtype=np.int64)
        patient, names = (np.array([getattr(r, key) for r in records], dtype=np.str_) for key in ("patient", "name"))
        one_class_each(patient, label, names, MI_CLASSES)
        self._require_both(label, "record")
        mark = fingerprint(file for record in records for file in record.files)
        key = {
            "files": mark,
            "records": [(r.name, r.patient, r.diagnosis) for r in records],
            "r_peaks": self.rpeaks.name,
            "quality": quality.VERSION,
            "preparation": detected.VERSION,
            **key_of(segmentation, leads),
        }
        beats, found, cached = cached_beats(
            cache, key, partial(_segment_all, records, segmentation, leads, self.rpeaks)
        )
        self._require_both(beats.y, "usable beat")
        return Prepared(beats, mark, cached, self._facts(beats, found, leads), _notes(self.selections))

    def recording(self, name: str) -> Recording | None:
        """The whole recording called `name`."""
        own = (r for selection in self.selections for r in selection.records if r.name == name)
        return next((record.read() for record in own), None)

    def _require_both(self, label: np.ndarray, what: str) -> None:
        found = {name: int((label == c).sum()) for c, name in enumerate(MI_CLASSES)}
        for name in MI_CLASSES:
            if not found[name]:
                others = ", ".join(f"{n} {other}" for other, n in found.items() if other != name)
                raise EcgError(
                    f"dataset.source={self.name}: no {what} of class {name} (found {others}); two classes are needed: "
                    "add recordings, or choose another dataset.source"
                )

    def _facts(self, beats: Beats, found: Facts, leads: Sequence[str]) -> Facts:
        """What was used and what was left out, in numbers."""
        unusable = found["records_left_out"]
        assert isinstance(unusable, dict)
        facts: Facts = {
            "r_peaks": found["r_peaks"],
            "lead": ", ".join(leads),
            "records": len(np.unique(beats.record)),
            "patients": {selection.database: self._patients(selection, beats) for selection in self.selections},
            "records_left_out": dict(sum((Counter(s.left_out) for s in self.selections), Counter(unusable))),
            "not_downloaded": sum(selection.not_downloaded for selection in self.selections),
            "beats": len(beats),
            "beats_left_out": found["beats_left_out"],
        }
        if len(self.selections) > 1:
            facts["databases"] = "patients of different databases are counted as different people"
        return facts

    def _patients(self, selection: Selection, beats: Beats) -> dict[str, int]:
        """Number of patients of each class with usable beats."""
        own = np.isin(beats.patient, [record.patient for record in selection.records])
        return {name: len(np.unique(beats.patient[own & (beats.y == c)])) for c, name in enumerate(MI_CLASSES)}


def _segment_all(
    records: Sequence[DiagnosedRecord], segmentation: Segmentation, leads: Sequence[str], rpeaks: Detector
) -> tuple[Beats, Facts]:
    """Usable beats of all records with their diagnoses as labels, and why others are not usable."""
    parts: list[Beats] = []
    records_left_out: Counter[str] = Counter()
    beats_left_out: Counter[str] = Counter()
    for record in track(records, f"detecting and segmenting beats ({segmentation.name})"):
        found = detected.find_beats(record.read(), segmentation, leads, rpeaks)
        beats_left_out.update(found.left_out)
        if found.beats is None:
            records_left_out[found.problem] += 1
        else:
            parts.append(replace(found.beats, y=np.full(len(found.beats), MI_CLASSES.index(record.diagnosis))))
    if not parts:
        reasons = ", ".join(f"{n} {reason}" for reason, n in records_left_out.items())
        raise EcgError(f"none of the {len(records)} records can be used: {reasons}")
    left_out = {"records_left_out": dict(records_left_out), "beats_left_out": dict(beats_left_out)}
    return Beats.concatenate(parts), {"r_peaks": rpeaks.name, **left_out}


def _notes(selections: Sequence[Selection]) -> tuple[str, ...]:
    notes = [selection.note for selection in selections if selection.note]
    if len(selections) > 1:
        notes.append(" and ".join(selection.database for selection in selections) + " are taken to share no patient.")
    return tuple(notes)
