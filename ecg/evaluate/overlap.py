"""How much of what is evaluated trained the weights: beats, records, patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ecg.beats.grouping import Index, evenly_spaced, positions
from ecg.beats.table import Beats
from ecg.data.module import BeatData
from ecg.runs.lineage import Training

TRAINED, CHOSE, PERHAPS = "T", "V", "?"
"""What a beat did in training: it trained, it chose the epoch, or one of its record's beats trained."""


@dataclass(frozen=True)
class Overlap:
    """What evaluated beats and training have in common.

    Attributes:
        of_beats: evaluated beats.
        of_records: their records; None where the source does not tell.
        of_patients: their patients; None where the source does not tell.
        beats: those that trained; None where that cannot be known.
        validation: those that chose the best epoch; None where that cannot be known.
        records: those of which any beat trained; None where that cannot be known.
        patients: those who trained; None where that cannot be known.
        expected: of those, the ones that the split names itself (the man of records 201 and 202).
        at_most: whether `beats` counts whole records, because which of their beats trained cannot be told.
        elsewhere: whether all training was on other databases.
        unknown: why it cannot be known; empty where it is.
    """

    of_beats: int
    of_records: int | None
    of_patients: int | None
    beats: int | None = 0
    validation: int | None = 0
    records: int | None = 0
    patients: int | None = 0
    expected: int = 0
    at_most: bool = False
    elsewhere: bool = False
    unknown: str = ""

    @cached_property
    def new_patients(self) -> bool:
        """Whether it is certain that no evaluated patient trained, but for one that the split names itself."""
        if self.elsewhere:
            return self.of_patients is not None
        return self.beats == 0 and self.patients is not None and self.patients <= self.expected

    @property
    def loud(self) -> bool:
        """Whether a reader must be warned: training is in the evaluated beats, or nobody knows."""
        return not self.elsewhere and (not self.new_patients or bool(self.validation))

    def described(self) -> dict[str, object]:
        """For metrics.json; null is what cannot be known."""
        whose = ("beats", "records", "patients")
        common = {f"overlap/{name}": getattr(self, name) for name in (*whose, "at_most")}
        evaluated = {f"evaluated/{name}": getattr(self, f"of_{name}") for name in whose}
        return {**common, "overlap/validation_beats": self.validation, **evaluated}


def overlap(trained: Sequence[Training], data: BeatData, index: Index) -> Overlap:
    """Count what is in common.

    Args:
        trained: every training behind the weights.
        data: the evaluated data, set up.
        index: positions of the evaluated beats.
    """
    evaluated = data.beats.take(index)
    known = bool((evaluated.patient != "").all())
    people, records = set(map(str, evaluated.patient)), set(map(str, evaluated.record))
    of = (len(index), len(records) if known else None, len(people) if known else None)
    sharing = [training for training in trained if training.may_share(data)]
    if not sharing:
        return Overlap(*of, elsewhere=True)
    for training in sharing:
        if reason := _not_known(training, data, known=known):
            return Overlap(*of, beats=None, validation=None, records=None, patients=None, unknown=reason)
    mark = training_marks(sharing, data)[index]
    trainers = {str(p) for t in sharing for p in t.patients}
    used = {record for t in sharing for record, letters in (t.letters or {}).items() if TRAINED in letters}
    return Overlap(
        *of,
        beats=int(np.isin(mark, (TRAINED, PERHAPS)).sum()),
        validation=int((mark == CHOSE).sum()),
        records=len(records & used) if known else None,
        patients=len(people & trainers) if known else None,
        expected=len(people & trainers & set(data.split.shared)),
        at_most=bool((mark == PERHAPS).any()),
    )


def training_marks(trained: Sequence[Training], data: BeatData) -> npt.NDArray[np.str_]:
    """What each beat of `data.beats` did in these trainings, shape [beat]; empty for none of it."""
    each = np.array([_marks(training, data) for training in trained])
    strongest_first = (TRAINED, PERHAPS, CHOSE)
    return np.select([(each == mark).any(axis=0) for mark in strongest_first], strongest_first, default="")


def _marks(training: Training, data: BeatData) -> npt.NDArray[np.str_]:
    """One training's letters, laid over the beats of `data` of the same segmentation; their thinning may differ."""
    everything, kept = data.beats, np.arange(len(data.beats))
    rows = kept
    if training.beats_per_patient != data.beats_per_patient:
        everything = data.source.prepare(data.segmentation, data.leads, data.cache).beats
        kept, rows = (_thinned(everything, n) for n in (data.beats_per_patient, training.beats_per_patient))
    marks = np.full(len(everything), "", dtype="<U1")
    whole, own = positions(everything.record), positions(everything.record[rows])
    for record, letters in (training.letters or {}).items():
        if len(place := own.get(record, rows[:0])) == len(letters):
            marks[rows[place]] = list(letters)
        elif record in whole and TRAINED in letters:  # made from other files, or thinned together with other records
            marks[whole[record]] = PERHAPS
    marks[~np.isin(marks, (TRAINED, CHOSE, PERHAPS))] = ""
    return marks[kept]


def _thinned(beats: Beats, most: int | None) -> Index:
    return np.arange(len(beats)) if most is None else evenly_spaced(beats.patient, most)


def _not_known(training: Training, data: BeatData, *, known: bool) -> str:
    """Why nothing can be said of a training with the same hearts; empty where it can."""
    if training.letters is None:
        return training.unknown
    if known == bool(training.patients):
        return ""
    rows = data.info.source if training.patients else "its training data"
    return f"{rows} does not tell whose beats they are, and both come from recordings of the same database"
