"""Where beats come from: what every source can do, and recordings whose beats are annotated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.cuts import Cut
from ecg.beats.table import Beats
from ecg.progress import track
from ecg.recordings.physionet import DATABASES, has_mitdb
from ecg.recordings.ptbdb import has_ptbdb
from ecg.recordings.ptbxl import has_ptbxl
from ecg.recordings.recording import Recording

ANNOTATED = "reference annotations"
"""Who marked the R peaks of MIT-BIH, of the Kaggle rows made from it, and of the simulated recordings."""

_IS_THERE = {"mitdb": has_mitdb, "ptbdb": has_ptbdb, "ptb-xl": has_ptbxl}


@dataclass(frozen=True)
class Prepared:
    """Beats of a source and what they were made of.

    Attributes:
        beats: all of them, before any split.
        fingerprint: SHA-256 over the source's files.
        cached: whether the beats came from the cache.
        facts: who marked the R peaks, what was left out and why; JSON values only.
        notes: what a reader of any number must be told.
    """

    beats: Beats
    fingerprint: str
    cached: bool
    facts: Facts
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """A place that beats come from.

    Attributes:
        name: as in `dataset.source`.
        simulated: whether a model of the ECG made the beats.
    """

    name: str
    simulated: bool

    def prepare(self, cut: Cut, cache: Path) -> Prepared:
        """All beats of the source, downloaded or simulated first if need be, kept in and taken from `cache`."""

    def recording(self, name: str) -> Recording | None:
        """One whole recording, or None where the source has only beats."""

    def at_hand(self) -> bool:
        """Whether `prepare` needs no download."""


def nothing_to_fetch() -> bool:
    """What a source that is made, not downloaded, says when asked whether it is at hand."""
    return True


def all_there(data_dir: Path, *databases: str) -> bool:
    """Whether no database has to be downloaded."""
    return all(_IS_THERE[name](data_dir / name) for name in databases)


def downloaded(data_dir: Path, database: str) -> Path:
    """The folder of a database, which is downloaded now if it is not there."""
    folder = data_dir / database
    if not all_there(data_dir, database):
        from ecg.recordings.download import download

        download(DATABASES[database], folder)
    return folder


def cut_key(cut: Cut) -> Facts:
    """What a cut contributes to the key of cached beats."""
    return {"cut": cut.name, "version": cut.version, "settings": sorted(asdict(cut).items())}  # type: ignore[call-overload]


@dataclass
class RecordingSource:
    """WFDB recordings in one folder.

    Attributes:
        name: as in `dataset.source`.
        simulated: whether they come from a model of the ECG.
        fetch: makes sure that the recordings are there; returns their folder and record names.
        read: reads one of them.
        at_hand: whether `fetch` needs no download.
    """

    name: str
    simulated: bool
    fetch: Callable[[], tuple[Path, list[str]]]
    read: Callable[[Path, str], Recording]
    at_hand: Callable[[], bool] = nothing_to_fetch

    def prepare(self, cut: Cut, cache: Path) -> Prepared:
        """Read and cut every record, or take the result from the cache.

        Raises:
            EcgError: files are missing or damaged.
        """
        folder, records = self.fetch()
        files = [folder / f"{record}{suffix}" for record in records for suffix in (".hea", ".dat", ".atr")]
        mark = fingerprint(path for path in files if path.exists())

        def build() -> tuple[Beats, Facts]:
            parts = [cut(self.read(folder, r)) for r in track(records, f"cutting beats ({cut.name})")]
            return Beats.concatenate(parts), {"r_peaks": ANNOTATED, "records": len(records)}

        beats, facts, cached = cached_beats(cache, {"files": mark, **cut_key(cut)}, build)
        return Prepared(beats, mark, cached, facts)

    def recording(self, name: str) -> Recording | None:
        """The whole recording called `name`."""
        return self.read(self.fetch()[0], name)
