"""Beats of recordings that carry a diagnosis: R peaks detected, quality checked, what is left out counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import cast

import numpy as np

from ecg.beats import detected, quality
from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.rpeaks import Detector
from ecg.beats.segmentations import Segmentation, WholeRecordings, key_of
from ecg.beats.table import Beats
from ecg.data.people import TARGETS, Person, Target
from ecg.data.sources import Prepared, nothing_to_download
from ecg.errors import EcgError
from ecg.parallel import each
from ecg.recordings.databases.diagnosis import INFARCTION, NORMAL, OTHER, DiagnosedRecord, Selection
from ecg.recordings.leads import MissingLeadError
from ecg.recordings.recording import Recording

LEADS = ("II",)
OVER_ALL_LEADS = "found over these leads at once"
"""Who finds the beats of whole recordings."""
CONFLICT = "of patients with records of both classes"
NO_CLASS = -1
ORDER = (INFARCTION, OTHER, NORMAL)


class NoneUsableError(EcgError):
    """No record of many can be used.

    Attributes:
        refused: why, by name of the record.
    """

    def __init__(self, message: str, refused: Mapping[str, str]) -> None:
        super().__init__(message)
        self.refused = dict(refused)


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
        target: the question, which puts each diagnosis into a class or beside them.
        elsewhere: as `select`, of databases that test and never train.
    """

    name: str
    simulated: bool
    select: Callable[[], Sequence[Selection]]
    rpeaks: Detector
    databases: tuple[str, ...] = ()
    ready: Callable[[], bool] = nothing_to_download
    target: Target = TARGETS["mi_vs_normal"]
    elsewhere: Callable[[], Sequence[Selection]] = tuple

    def at_hand(self) -> bool:
        """Whether nothing must be downloaded."""
        return self.ready()

    @cached_property
    def selections(self) -> Sequence[Selection]:
        """What can be used, one selection per database; looked for once."""
        return self.select()

    @cached_property
    def external(self) -> Sequence[Selection]:
        """The same of databases that test and never train."""
        return self.elsewhere()

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        """Read every record, detect its beats in the first lead and segment them, or take the result from the cache.

        Raises:
            EcgError: no recordings, files that are missing or damaged, a class without beats.
        """
        records, beside, conflicts = self._sorted(self.selections)
        label = np.array([self.target.number(record.diagnosis) for record in records], dtype=np.int64)
        self._require_both(label, "record")
        make = partial(self._beats, segmentation=segmentation, leads=leads, cache=cache)
        beats, found, cached, mark = make(records)
        self._require_both(beats.y, "usable beat")
        facts = self._facts(beats, found, leads, conflicts)
        if isinstance(segmentation, WholeRecordings):
            facts["r_peaks"] = OVER_ALL_LEADS
        others: dict[str, Beats] = {}
        refused, every = _refused(found), [*records]
        for name, those, lost in [*((name, those, Counter[str]()) for name, those in beside.items()), *self._outside()]:
            every += those
            try:
                others[name], its, *_ = make(those)
            except NoneUsableError as error:
                its = {"refused": error.refused}
            else:
                facts |= {f"beside {name}": _diagnoses(others[name], those)}
            lost += Counter(_refused(its).values())
            refused |= _refused(its)
            facts |= {f"left out beside {name}": dict(lost)} if lost else {}
        people = people_of(every)
        notes = self._notes(people)
        return Prepared(beats, mark, cached, facts, notes, people=people, beside=others, refused=refused)

    def recording(self, name: str) -> Recording | None:
        """The whole recording called `name`."""
        every = (*self.selections, *self.external)
        own = (r for selection in every for r in selection.records if r.name == name)
        return next((record.read() for record in own), None)

    def _outside(self) -> Iterator[tuple[str, list[DiagnosedRecord], Counter[str]]]:
        """Of each database that only tests: its name, its records by the same rules, and what they leave out."""
        for one in self.external:
            inside, beside, conflicts = self._sorted([one])
            kept = {record.name for those in (inside, *beside.values()) for record in those}
            lost = Counter(one.left_out) + Counter({CONFLICT: conflicts})
            yield one.database, [record for record in one.records if record.name in kept], lost

    def _sorted(
        self, selections: Sequence[Selection]
    ) -> tuple[list[DiagnosedRecord], dict[str, list[DiagnosedRecord]], int]:
        """Records of the two classes, those beside them by database, and how many were left out for their patient.

        A patient of both classes is in neither; nobody of a class is beside it.
        """
        every = [record for selection in selections for record in selection.records]
        classes: dict[str, set[int]] = {}
        for record in every:
            if (number := self.target.number(record.diagnosis)) is not None:
                classes.setdefault(record.patient, set()).add(number)
        inside = [record for record in every if self.target.number(record.diagnosis) is not None]
        agreed = [record for record in inside if len(classes[record.patient]) == 1]
        beside: dict[str, list[DiagnosedRecord]] = {}
        for record in every:
            if record.patient not in classes:
                beside.setdefault(record.database, []).append(record)
        return agreed, beside, len(inside) - len(agreed)

    def _beats(
        self, records: Sequence[DiagnosedRecord], segmentation: Segmentation, leads: Sequence[str], cache: Path
    ) -> tuple[Beats, Facts, bool, str]:
        """Usable beats of these records, what was left out, whether they came from the cache, and the files' mark."""
        mark = fingerprint(file for record in records for file in record.files)
        key = {
            "files": mark,
            "records": [(r.name, r.patient, r.diagnosis) for r in records],
            "classes": self.target.classes,
            "r_peaks": self.rpeaks.name,
            "quality": quality.VERSION,
            "preparation": detected.VERSION,
            **key_of(segmentation, leads),
        }
        build = partial(_segment_all, records, self.target, segmentation, leads, self.rpeaks)
        return (*cached_beats(cache, key, build), mark)

    def _require_both(self, label: np.ndarray, what: str) -> None:
        names = self.target.classes
        found = {name: int((label == c).sum()) for c, name in enumerate(names)}
        for name in names:
            if not found[name]:
                others = ", ".join(f"{n} {other}" for other, n in found.items() if other != name)
                raise EcgError(
                    f"dataset.source={self.name}: no {what} of class {name} (found {others}); two classes are needed: "
                    "add recordings, or choose another dataset.source"
                )

    def _facts(self, beats: Beats, found: Facts, leads: Sequence[str], conflicts: int) -> Facts:
        """What was used and what was left out, in numbers."""
        unusable = Counter(_refused(found).values())
        left_out = sum((Counter(s.left_out) for s in self.selections), unusable)
        facts: Facts = {
            "r_peaks": found["r_peaks"],
            "lead": ", ".join(leads),
            "records": len(np.unique(beats.record)),
            "patients": {selection.database: self._patients(selection, beats) for selection in self.selections},
            "records_left_out": dict(left_out + Counter({CONFLICT: conflicts})),
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
        names = self.target.classes
        return {name: len(np.unique(beats.patient[own & (beats.y == c)])) for c, name in enumerate(names)}

    def _notes(self, people: Mapping[str, Person]) -> tuple[str, ...]:
        every = (*self.selections, *self.external)
        notes = [selection.note for selection in every if selection.note]
        if len(every) > 1:
            notes.append(" and ".join(selection.database for selection in every) + " are taken to share no patient.")
        ages = {s.database: [people[r.patient].age for r in s.records if r.patient in people] for s in every}
        if dumb := [name for name, known in ages.items() if not np.isfinite(known).any()]:
            notes.append(f"Nothing is compared with age where none is stated: {', '.join(dumb)}.")
        return tuple(notes)


def people_of(records: Sequence[DiagnosedRecord]) -> dict[str, Person]:
    """The patients of these records, by identifier."""
    own: dict[str, list[DiagnosedRecord]] = {}
    for record in records:
        own.setdefault(record.patient, []).append(record)
    found = {}
    for patient, theirs in own.items():
        ages = [one.age for one in theirs if np.isfinite(one.age)]
        diagnosis = min((one.diagnosis for one in theirs), key=ORDER.index)
        age = float(np.mean(ages)) if ages else float("nan")
        found[patient] = Person(theirs[0].database, diagnosis, age, next((one.sex for one in theirs if one.sex), ""))
    return found


def _refused(found: Facts) -> dict[str, str]:
    """Why records could not be used, by name."""
    return cast(dict[str, str], found["refused"])


def _diagnoses(beats: Beats, records: Sequence[DiagnosedRecord]) -> dict[str, int]:
    """Patients by diagnosis of those who are tested beside the two classes."""
    usable = set(beats.patient.tolist())
    counts = Counter(one.diagnosis for name, one in people_of(records).items() if name in usable)
    return {name: counts[name] for name in reversed(ORDER) if counts[name]}


def _segment_all(
    records: Sequence[DiagnosedRecord],
    target: Target,
    segmentation: Segmentation,
    leads: Sequence[str],
    rpeaks: Detector,
    add: Callable[[Beats], None],
) -> Facts:
    """Give usable beats of all records with their classes as labels, and say why others are not usable."""
    refused: dict[str, str] = {}
    beats_left_out: Counter[str] = Counter()
    whole, missing, usable = isinstance(segmentation, WholeRecordings), "", 0
    doing = "measuring recordings" if whole else "detecting and segmenting beats"
    work = partial(_found, segmentation=segmentation, leads=leads, rpeaks=rpeaks)
    for record, found in zip(records, each(records, work, f"{doing} ({segmentation.name})"), strict=True):
        if isinstance(found, MissingLeadError):
            missing = str(found)
            refused[record.name] = f"no lead {found.lead}"
            continue
        beats_left_out.update(found.left_out)
        if found.beats is None:
            refused[record.name] = found.problem
        else:
            number = target.number(record.diagnosis)
            add(replace(found.beats, y=np.full(len(found.beats), NO_CLASS if number is None else number)))
            usable += 1
    if not usable and missing:
        raise NoneUsableError(missing, refused)
    if not usable:
        reasons = ", ".join(f"{n} {reason}" for reason, n in Counter(refused.values()).items())
        raise NoneUsableError(f"none of the {len(records)} records can be used: {reasons}", refused)
    r_peaks = OVER_ALL_LEADS if whole else rpeaks.name
    return {"r_peaks": r_peaks, "refused": refused, "beats_left_out": dict(beats_left_out)}


def _found(
    record: DiagnosedRecord, segmentation: Segmentation, leads: Sequence[str], rpeaks: Detector
) -> detected.FoundBeats | MissingLeadError:
    """A record's beats, or the lead that it lacks."""
    try:
        return detected.find_beats(record.read(), segmentation, leads, rpeaks)
    except MissingLeadError as error:
        return error
