"""Training beats beside those of the databases: other leads, synthetic copies, recordings of one rhythm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.detected import VERSION, find_beats, segmented
from ecg.beats.peaks import Index
from ecg.beats.rpeaks import detector
from ecg.beats.segmentations import Segmentation, key_of
from ecg.beats.table import Beats
from ecg.checks import BadSettingError, in_range
from ecg.errors import EcgError
from ecg.progress import track
from ecg.recordings.copies import FEWEST, marked_beats, synthetic_copy
from ecg.recordings.copies import VERSION as COPIES_VERSION
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.cinc2017 import CINC2017
from ecg.recordings.leads import FIRST, one_lead, with_leads
from ecg.recordings.recording import Recording

COPIES, SECOND, RHYTHMS = "copies", "second leads of ", CINC2017.name
"""The `database` of such beats; second leads name the one that they are from."""
NOT_NORMAL = -1
"""Class of a beat of a rhythm recording that may be ectopic: it is seen, and does not count."""


@dataclass(frozen=True)
class Mixture:
    """What training windows of consecutive beats are drawn from, and how often. All zero: every training beat once.

    Attributes:
        copies: share of windows from synthetic copies of training records, see `ecg.recordings.copies`.
        copies_per_record: their number.
        cinc2017: share of windows from recordings of the Challenge 2017: atrial fibrillation and normal rhythm, whose
            beats are taken for N, but for those of another shape, which do not count.
        second_lead: share of a database's windows that show the second lead of a record.
        rare: share of windows that are placed on a beat of another class than N; the others lie anywhere.
        windows: drawn per epoch; 0: as many as the training beats fill.
    """

    copies: float = 0.0
    copies_per_record: int = 1
    cinc2017: float = 0.0
    second_lead: float = 0.0
    rare: float = 0.0
    windows: int = 0

    def __post_init__(self) -> None:
        for name in ("copies", "cinc2017", "second_lead", "rare"):
            in_range(name, getattr(self, name), 0, 1, include_high=False)
        in_range("copies_per_record", self.copies_per_record, 1, 20)
        in_range("windows", self.windows, 0)
        if self.copies + self.cinc2017 >= 1:
            raise BadSettingError(f"copies={self.copies} and cinc2017={self.cinc2017} leave nothing for the databases")

    @property
    def active(self) -> bool:
        """Whether windows are drawn at all."""
        return bool(self.copies or self.cinc2017 or self.second_lead or self.rare or self.windows)

    def weights(self, database: npt.NDArray[np.str_]) -> npt.NDArray[np.float64]:
        """How often each record is drawn, shape [record], from the `database` of its beats; they sum to 1."""
        has = set(database.tolist())
        own = sorted(name for name in has if name not in (COPIES, RHYTHMS) and not name.startswith(SECOND))
        share = {COPIES: self.copies, RHYTHMS: self.cinc2017}
        rest = (1 - sum(value for name, value in share.items() if name in has)) / max(len(own), 1)
        for name in own:
            second = self.second_lead if SECOND + name in has else 0.0
            share |= {name: rest * (1 - second), SECOND + name: rest * second}
        count = {name: int((database == name).sum()) for name in has}
        drawn = np.array([share[name] / count[name] for name in database.tolist()])
        return np.asarray(drawn / drawn.sum())


def added_beats(
    mixture: Mixture,
    places: Sequence[tuple[BeatDatabase, Callable[[], Path]]],
    marks: Sequence[str],
    examples: Callable[[], Path] | None,
    segmentation: Segmentation,
    leads: Sequence[str],
    cache: Path,
) -> Beats | None:
    """What a mixture adds to the training subset, of all records that train in the standard split; None for nothing.

    Args:
        mixture: says what.
        places: databases, and where each is.
        marks: fingerprint of each one's files.
        examples: makes sure that the recordings of one rhythm are there, and returns their folder.
        segmentation: makes the beats.
        leads: the wanted ones; only where it is one is there a second.
        cache: for prepared beats.

    Raises:
        EcgError: files are missing or damaged.
    """
    parts = []
    for (database, place), mark in zip(places, marks, strict=True):
        made: dict[str, Make] = {}
        if mixture.copies:
            made[f"{mixture.copies_per_record} copies, {COPIES_VERSION}"] = partial(_copies, mixture.copies_per_record)
        if mixture.second_lead and len(leads) == 1:
            made["second leads"] = _second_leads
        for what, make in made.items():
            key = {"files": mark, "database": database.name, "added": what, **key_of(segmentation, leads)}
            build = partial(_added, database, place(), leads, segmentation, make, what)
            parts.append(cached_beats(cache, key, build)[0])
    if mixture.cinc2017:
        assert examples is not None
        parts.append(_rhythm_examples(examples(), segmentation, cache))
    return Beats.concatenate(parts) if parts else None


Make = Callable[[Recording, Sequence[str], Segmentation], Sequence[Beats]]


def _added(
    database: BeatDatabase,
    folder: Path,
    leads: Sequence[str],
    segmentation: Segmentation,
    make: Make,
    doing: str,
    add: Callable[[Beats], None],
) -> Facts:
    names = database.trains(database.there(folder))
    if not names:
        raise EcgError(f"dataset.mixture: no record of {database.name} in {folder} trains, so there is nothing to add")
    some = False
    for one in track(names, f"{doing} of {database.name}"):
        for part in make(database.read(folder, one), leads, segmentation):
            add(part)
            some = True
    if not some:  # no record has a second lead, say
        usual, _ = segmented(with_leads(database.read(folder, names[0]), leads), segmentation)
        add(usual.take(np.zeros(0, dtype=np.int64)))
    return {}


def _copies(number: int, recording: Recording, leads: Sequence[str], segmentation: Segmentation) -> list[Beats]:
    """Beats of synthetic copies; a record that is too short for one has none."""
    wanted = with_leads(recording, leads)
    if len(marked_beats(recording)) < FEWEST:
        return []
    copies = (synthetic_copy(wanted, i) for i in range(1, number + 1))
    return [_named(segmented(one, segmentation)[0], COPIES) for one in copies]


def _second_leads(recording: Recording, leads: Sequence[str], segmentation: Segmentation) -> list[Beats]:
    """Beats of the first lead that is not the wanted one; a record of one lead has none."""
    wanted = with_leads(recording, leads).digital[0]
    others = [row for row in range(len(recording.leads)) if not np.array_equal(recording.digital[row], wanted)]
    if not others:
        return []
    other = replace(one_lead(recording, others[0], recording.leads[others[0]]), record=f"{recording.record} lead 2")
    return [_named(segmented(other, segmentation)[0], SECOND + recording.database)]


def _rhythm_examples(folder: Path, segmentation: Segmentation, cache: Path) -> Beats:
    """Beats of the Challenge's recordings with atrial fibrillation and with normal rhythm."""
    labels, headers = CINC2017.labels(folder), CINC2017.headers(folder)
    chosen = [path for record, path in headers.items() if labels[record] in "AN"]
    files = [file for path in chosen for file in (path, path.with_suffix(".mat")) if file.is_file()]
    rpeaks = detector()
    found_by = {"r_peaks": rpeaks.name, "preparation": VERSION}
    key = {"files": fingerprint(files), "added": RHYTHMS, **found_by, **key_of(segmentation, (FIRST,))}

    def build(add: Callable[[Beats], None]) -> Facts:
        usable = 0
        for path in track(chosen, f"segmenting beats of {RHYTHMS} ({segmentation.name})"):
            found = find_beats(CINC2017.read(path), segmentation, (FIRST,), rpeaks).beats
            if found is not None:
                add(_doubted(found))
                usable += 1
        if not usable:
            raise EcgError(f"{folder}: no recording of {RHYTHMS} gives a beat that can be used")
        return {}

    return cached_beats(cache, key, build)[0]


def _doubted(beats: Beats) -> Beats:
    """With class -1 for beats that look unlike the others, which may be ventricular."""
    signal = beats.signal[:, 0] - beats.signal[:, 0].mean(axis=1, keepdims=True)
    typical = np.median(signal, axis=0)
    size = np.linalg.norm(signal, axis=1) * np.linalg.norm(typical)
    alike = signal @ typical / np.maximum(size, 1e-9)
    return replace(beats, y=np.where(alike > 0.6, beats.y, NOT_NORMAL))


def _named(beats: Beats, database: str) -> Beats:
    return replace(beats, database=np.full(len(beats), database))


def for_training(extra: Beats, beats: Beats, train: Index) -> Beats:
    """Those of the extra beats that may train: of training patients, or of people who are in no subset."""
    known, learnt = set(beats.patient.tolist()), set(beats.patient[train].tolist())
    keep = {one: one in learnt or one not in known for one in np.unique(extra.patient).tolist()}
    return extra.take(np.array([keep[one] for one in extra.patient.tolist()], dtype=bool))
