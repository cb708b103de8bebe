"""A person's own labelled recordings as a source of beats."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.detected import VERSION
from ecg.beats.segmentations import Segmentation, key_of
from ecg.beats.table import Beats
from ecg.data.own_beats import NOT_LABELLED, own_beats
from ecg.data.own_files import OwnFiles, find_own
from ecg.data.own_patients import FROM_NAME
from ecg.data.own_reading import Reading
from ecg.data.same_signal import SeenSignals
from ecg.data.sources import Prepared
from ecg.data.strange_labels import Strange
from ecg.errors import EcgError
from ecg.parallel import each
from ecg.recordings.leads import FIRST
from ecg.recordings.recording import Recording
from ecg.recordings.wfdb_header import read_header

log = logging.getLogger(__name__)

R_PEAKS = "own labels"
_READING = 1
"""Raised whenever the same files would give other beats."""


@dataclass
class OwnSource:
    """Recordings of any readable format, each with a file of labels.

    Attributes:
        folder: of the recordings, or one of them.
        labels: `csv`, or a WFDB annotator such as `atr`.
        labels_folder: of the files of labels; None: beside the recordings.
        classes: labels of each class, by the class's name.
        left_out: labels of beats that neither train nor test.
        patients: see `ecg.data.own_patients`.
        leads: the wanted lead alone, with alternatives as in `MLII|II|first`.
        fs: sampling rate in Hz, for files that do not say it.
        unit: of the signal, for files that do not say it.
        name: the folder's.
        simulated: whether a header says that a model of the ECG made its recording; known once beats are prepared.
    """

    folder: Path
    labels: str
    labels_folder: Path | None
    classes: Mapping[str, Sequence[str]]
    left_out: Sequence[str] = ()
    patients: str = FROM_NAME
    leads: Sequence[str] = (FIRST,)
    fs: float | None = None
    unit: str | None = None
    name: str = field(init=False)
    simulated: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.name = self.folder.resolve().name

    @property
    def databases(self) -> tuple[str, ...]:
        """One for all of a person's folders: who is called the same may be the same."""
        return ("own",)

    def at_hand(self) -> bool:
        """Nothing is downloaded."""
        return True

    @cached_property
    def files(self) -> OwnFiles:
        """Recordings, labels and patients.

        Raises:
            EcgError: as of `find_own`.
        """
        return find_own(self.folder, self.labels, self.labels_folder, self.patients)

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self.labels, self.leads[0], self.fs, self.unit)

    def prepare(self, segmentation: Segmentation, leads: Sequence[str], cache: Path) -> Prepared:
        """Read and segment every labelled recording, or take the result from the cache.

        Raises:
            EcgError: a file cannot be read, a label has no class, a recording has no patient or two.
        """
        files = self.files
        headers = (one.recording.path for one in files.labelled if one.recording.form == "wfdb")
        self.simulated = any(read_header(path).simulated for path in headers)
        try:
            mark = fingerprint(path for one in files.labelled for path in one.parts)
        except OSError as error:
            raise EcgError(f"{error.filename}: cannot be read: {error.strerror or error}") from None
        settings = (
            [(one.recording.record, one.patient, one.labels.name) for one in files.labelled],
            list(self._number.items()), self.labels, self.fs, self.unit,
        )  # fmt: skip
        key = {"files": mark, "own": repr(settings), "preparation": (VERSION, _READING), **key_of(segmentation, leads)}
        beats, facts, cached = cached_beats(cache, key, partial(self._segment, segmentation))
        read = facts.pop("when_read")
        assert isinstance(read, dict)
        notes = (*self._notes(), *(f"In {many}: {note}" for note, many in read.items()))
        return Prepared(beats, mark, cached, facts, notes)

    def _notes(self) -> list[str]:
        """What was assumed about whose recordings these are, and what was left out."""
        notes, without = [], self.files.unlabelled
        if self.patients == FROM_NAME:
            notes.append("Each recording is taken to be of another patient (dataset.patients=from_name).")
        if without:
            some = ", ".join(without[:5]) + (" ..." if len(without) > 5 else "")
            notes.append(f"Left out, for want of labels: {len(without)} of the recordings ({some}).")
        return notes

    def recording(self, name: str) -> Recording | None:
        """The recording called `name`, with its labels as annotations."""
        for file in self.files.labelled:
            if file.recording.record == name:
                return self._reading.read(file)[0].recording
        return None

    def _segment(self, segmentation: Segmentation, add: Callable[[Beats], None]) -> Facts:
        seen, strange = SeenSignals(), Strange()
        left, notes, total, labelled = Counter[str](), Counter[str](), 0, 0
        work = partial(own_beats, self._reading, self._number, segmentation, self.databases[0])
        for own in each(self.files.labelled, work, f"segmenting beats ({segmentation.name})"):
            seen.add(own.file.recording.path, own.outline)
            notes.update(own.notes)
            total += 1
            strange.look(own.file.labels, own.labels, own.fs, self._number)
            if own.beats is None or own.reason is None:
                continue
            left.update(own.reason[own.beats.y < 0].tolist())
            kept = own.beats.take(np.flatnonzero(own.beats.y >= 0))
            add(kept)
            labelled += len(kept)
        strange.refuse(_said(self.classes), self.left_out)
        if not labelled:
            raise EcgError(f"dataset.recordings={self.folder}: no labelled beat is of a class: {_said(self.classes)}")
        read = {note: "all recordings" if n == total else f"{n} of {total} recordings" for note, n in notes.items()}
        facts: Facts = {"r_peaks": R_PEAKS, "records": total, "labels": _said(self.classes), "when_read": read}
        return facts | {"beats_left_out": dict(left)}

    @cached_property
    def _number(self) -> dict[str, int]:
        """Class number of each label, -1 for those left out; a class's own name, as `ecg predict` writes it, too."""
        number = dict.fromkeys(NOT_LABELLED, -1) | {name: c for c, name in enumerate(self.classes)}
        number |= {label: c for c, own in enumerate(self.classes.values()) for label in own}
        return number | dict.fromkeys(self.left_out, -1)


def _said(classes: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name}: {' '.join(labels)}" for name, labels in classes.items())
