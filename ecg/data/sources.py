"""Where beats come from: PhysioNet recordings, simulated recordings, or ready-made Kaggle rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ecg.beats.cache import Facts, cached_beats, fingerprint
from ecg.beats.cuts import Cut
from ecg.beats.splits import TEST_FILE, TRAIN_FILE
from ecg.beats.table import Beats
from ecg.errors import EcgError
from ecg.progress import track
from ecg.recordings.recording import Recording


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


ANNOTATED = "reference annotations"
"""Who marked the R peaks of MIT-BIH, of the Kaggle rows made from it, and of the simulated recordings."""


class Source(Protocol):
    """A place that beats come from."""

    name: str
    simulated: bool

    def prepare(self, cut: Cut, cache: Path) -> Prepared:
        """All beats of the source, downloaded or simulated first if need be, kept in and taken from `cache`."""
        ...

    def recording(self, name: str) -> Recording | None:
        """One whole recording, or None where the source has only beats."""
        ...


@dataclass
class RecordingSource:
    """WFDB recordings in one folder.

    Attributes:
        name: as in `dataset.source`.
        simulated: whether they come from a model of the ECG.
        fetch: makes sure that the recordings are there; returns their folder and record names.
        read: reads one of them.
    """

    name: str
    simulated: bool
    fetch: Callable[[], tuple[Path, list[str]]]
    read: Callable[[Path, str], Recording]
    _folder: Path | None = field(default=None, repr=False)

    def prepare(self, cut: Cut, cache: Path) -> Prepared:
        """Read and cut every record, or take the result from the cache.

        Raises:
            EcgError: files are missing or damaged.
        """
        self._folder, records = self.fetch()
        files = [self._folder / f"{record}{suffix}" for record in records for suffix in (".hea", ".dat", ".atr")]
        mark = fingerprint(path for path in files if path.exists())

        def build() -> tuple[Beats, Facts]:
            assert self._folder is not None
            parts = [cut(self.read(self._folder, r)) for r in track(records, f"cutting beats ({cut.name})")]
            return Beats.concatenate(parts), {"r_peaks": ANNOTATED, "records": len(records)}

        key = {"files": mark, "cut": cut.name, "version": cut.version, "settings": sorted(asdict(cut).items())}  # type: ignore[call-overload]
        beats, facts, cached = cached_beats(cache, key, build)
        return Prepared(beats, mark, cached, facts)

    def recording(self, name: str) -> Recording | None:
        """The whole recording called `name`."""
        folder = self._folder or self.fetch()[0]
        return self.read(folder, name)


@dataclass
class KaggleSource:
    """`mitbih_train.csv` and `mitbih_test.csv`, cut already.

    Attributes:
        folder: holds the two files.
    """

    folder: Path
    name: str = "kaggle"
    simulated: bool = False

    def prepare(self, cut: Cut, cache: Path) -> Prepared:
        """Read the rows of both files; `record` holds the file's name.

        Raises:
            EcgError: a file is missing or malformed, or another cut than the files' own is asked for.
        """
        if cut.name != "kaggle":
            raise EcgError(
                f"dataset.cut={cut.name}: the Kaggle files hold beats that are cut already; choose dataset.cut=kaggle, "
                "or dataset.source=physionet"
            )
        from ecg.recordings.kaggle_csv import read_kaggle_csv, require_kaggle_csv

        ways_on = "rebuild them with `ecg kaggle-csv`, or choose data_dir= or dataset.source=physionet"
        paths = require_kaggle_csv(self.folder, (TRAIN_FILE, TEST_FILE), ways_on)
        mark = fingerprint(paths)

        def build() -> tuple[Beats, Facts]:
            parts = [row_beats(path, *read_kaggle_csv(path)) for path in track(paths, "reading the Kaggle files")]
            return Beats.concatenate(parts), {"r_peaks": ANNOTATED}

        beats, facts, cached = cached_beats(cache, {"files": mark, "cut": "kaggle rows", "version": 1}, build)
        return Prepared(beats, mark, cached, facts)

    def recording(self, name: str) -> Recording | None:
        """None: the files hold no recordings."""
        return None


def row_beats(path: Path, x: npt.NDArray[np.float32], y: npt.NDArray[np.int64], lead: str = "first signal") -> Beats:
    """Rows of a Kaggle file as beats of which only samples and class are known; `record` holds the file's name.

    Args:
        path: the file.
        x: shape [beat, sample].
        y: shape [beat], class numbers.
        lead: what the beats were cut from.
    """
    n = len(y)
    unknown = np.full(n, np.nan, dtype=np.float32)
    return Beats(
        x=x[:, None, :],
        y=y,
        record=np.full(n, path.name),
        patient=np.full(n, ""),
        lead=np.full(n, lead),
        sample=np.full(n, -1, dtype=np.int64),
        seconds=np.full(n, np.nan),
        symbol=np.full(n, ""),
        rr_before=unknown,
        rr_after=unknown,
    )
