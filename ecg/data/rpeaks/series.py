"""Leads with marked beats, as the R-peak detector learns from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from ecg.beats.resampling import filled, lead_millivolts
from ecg.beats.rpeaks import signal as seen
from ecg.progress import track
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.ludb import WaveDatabase
from ecg.recordings.recording import Recording
from ecg.recordings.rhythms import flutter_intervals

MOVED_S = 0.06
"""How far a mark of a database with loose marks is moved at most."""
_MOVED_BY_HZ = (5.0, 25.0)
OUTER_S = 0.3
"""Where only inner beats are marked, what counts ends so far outside the first and the last mark."""

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """One lead.

    Attributes:
        name: record and lead.
        database: short name.
        patient: whose it is.
        signal: shape [time], of `ecg.beats.rpeaks.signal.prepared`, at 100 Hz.
        beats: shape [beat], the middle of QRS complexes in s.
        hidden: shape [stretch, 2], in s, where nothing is known of beats.
    """

    name: str
    database: str
    patient: str
    signal: npt.NDArray[np.float32]
    beats: Float
    hidden: Float

    @property
    def seconds(self) -> float:
        """Its length in s."""
        return len(self.signal) / seen.FS


def read_series(database: BeatDatabase | WaveDatabase, folder: Path, records: Sequence[str]) -> list[Series]:
    """The leads of records that teach: the first two of a Holter recording, all twelve of a standard one.

    Raises:
        EcgError: files are missing or damaged.
    """
    names = track(records, f"reading {database.name}")
    if isinstance(database, WaveDatabase):
        return [one for record in names for one in _of_waves(database, folder, record)]
    return [one for record in names for one in _of_beats(database, database.read(folder, record))]


def _of_beats(database: BeatDatabase, recording: Recording) -> Iterator[Series]:
    fs, marks = recording.fs, recording.annotations
    assert marks is not None
    sample = marks.sample[marks.beats]
    if database.loose_marks:
        sample = _moved(filled(lead_millivolts(recording, 0)), fs, sample)
    hidden = flutter_intervals(marks, recording.n_samples) / fs
    for row, lead in enumerate(recording.leads[:2]):
        signal = seen.prepared(filled(lead_millivolts(recording, row)), fs)
        yield Series(f"{recording.record} {lead}", database.name, recording.patient, signal, sample / fs, hidden)


def _of_waves(database: WaveDatabase, folder: Path, record: str) -> Iterator[Series]:
    recording = database.read(folder, record)
    fs, end = recording.fs, recording.seconds
    for row, lead in enumerate(recording.leads):
        beats = database.qrs(folder, record, lead) / fs
        if len(beats):
            hidden = np.array([[0.0, beats[0] - OUTER_S], [beats[-1] + OUTER_S, end]])
            signal = seen.prepared(filled(lead_millivolts(recording, row)), fs)
            yield Series(f"{recording.record} {lead}", database.name, recording.patient, signal, beats, hidden)


def _moved(signal: Float, fs: float, sample: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Marks at the steepest part of their QRS complex, which is where the R peak is."""
    steep = np.abs(sosfiltfilt(butter(2, _MOVED_BY_HZ, "bandpass", fs=fs, output="sos"), signal))
    reach = round(MOVED_S * fs)
    near = np.clip(sample[:, None] + np.arange(-reach, reach + 1), 0, len(signal) - 1)
    return np.asarray(near[np.arange(len(near)), steep[near].argmax(axis=1)], dtype=np.int64)
