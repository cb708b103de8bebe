"""A recording as a whole: its median beat in millivolts on every lead, and what is measured on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from zlib import crc32

import numpy as np
import numpy.typing as npt

from ecg.beats.quality import UnusableError
from ecg.beats.resampling import at_rate, filled, lead_millivolts
from ecg.beats.segmentations.scaling import MV
from ecg.beats.table import SIGNAL, Beats, Inputs, Shapes
from ecg.beats.waves import GLOBALS, MEASURES, MedianBeat, median_beat, moved
from ecg.beats.waves.electrodes import check_electrodes
from ecg.beats.waves.measures import global_measures, lead_measures
from ecg.beats.waves.median_beat import FS as MEASURED_FS
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.recordings.leads import DERIVED, TWELVE
from ecg.recordings.recording import Recording

MEASURED, GLOBAL = "measures", "global"
FS = 250.0
BEFORE_S, AFTER_S = 0.2, 0.56
"""Reach of `signal` around the middle of the QRS complex."""
SLOWEST_HZ = 250.0
"""At a lower rate a Q wave of 30 ms has seven samples, and borders are known to 4 ms."""


@dataclass(frozen=True)
class RecordSegmentation:
    """Three inputs of a whole recording; nothing is scaled to the record, so millivolts stay millivolts.

    - `signal`: shape [lead, 190], the median beat, -200 to 560 ms around the middle of the QRS complex at 250 Hz, in mV
      above the PR level.
    - `measures`: shape [lead, 27], see `ecg.beats.waves.MEASURES`.
    - `global`: shape [25] with all twelve leads, else [2], see `ecg.beats.waves.GLOBALS`.

    Beats are found over all leads at once, and QRS onset and J point are common to all. The method is that of classical
    ECG interpreters (median beats and global onsets: Macfarlane et al. 2005, doi 10.1016/j.cmpb.2005.01.009).

    Attributes:
        seconds: what is used of a recording, from its start; PTB has some of two minutes, and all of them are MI.
        views: rows per recording. The first is as found; in the others QRS onset and J point are moved by chance, so
            that what learns from them does not trust a border to the sample (a lone lead shows it worse than twelve).
    """

    name: ClassVar[str] = "record"
    version: ClassVar[int] = 3
    leads: ClassVar[tuple[str, ...]] = TWELVE
    fs: ClassVar[float] = FS
    recording_fs: ClassVar[None] = None
    """It resamples every recording itself."""
    scaling: ClassVar[str] = MV
    r_peak_s: ClassVar[float] = BEFORE_S
    seconds: float = 10.0
    views: int = 1

    def __post_init__(self) -> None:
        in_range("seconds", self.seconds, 3, 600)
        in_range("views", self.views, 1, 100)

    def shapes(self, leads: int) -> Shapes:
        """`signal`, `measures` and `global`; twelve leads must be the standard ones."""
        count = len(GLOBALS) if leads == len(TWELVE) else 2
        return {SIGNAL: (leads, round((BEFORE_S + AFTER_S) * FS)), MEASURED: (leads, len(MEASURES)), GLOBAL: (count,)}

    def __call__(self, recording: Recording) -> Beats:
        """The rows of a recording; annotations are not used.

        Raises:
            EcgError: the recording gives no median beat.
        """
        try:
            return self.measured(recording)
        except UnusableError as error:
            raise EcgError(f"record {recording.record}: {error}") from None

    def measured(self, recording: Recording) -> Beats:
        """The rows of a recording, whose `sample` is the middle of its first beat that counts.

        Args:
            recording: with the wanted leads only, at any rate.

        Raises:
            UnusableError: it gives no median beat; says why in a few words.
        """
        if recording.fs < SLOWEST_HZ:
            raise UnusableError(f"sampled at {recording.fs:g} Hz, below {SLOWEST_HZ:g} Hz")
        part = _first(recording, self.seconds)
        at_500 = at_rate(part, MEASURED_FS)
        signal = np.stack([filled(lead_millivolts(at_500, row)) for row in range(len(at_500.leads))])
        found = median_beat(signal, voting(recording.leads))
        check_electrodes(found, recording.leads)
        rng = np.random.default_rng(crc32(recording.record.encode()))
        views = (found, *(moved(found, rng) for _ in range(self.views - 1)))
        return Beats.concatenate([_row(recording, view, self._inputs(view, recording.leads)) for view in views])

    def _inputs(self, found: MedianBeat, leads: tuple[str, ...]) -> Inputs:
        step = round(MEASURED_FS / FS)
        first = found.middle - round(BEFORE_S * MEASURED_FS)
        beat = found.beat[:, first : found.middle + round(AFTER_S * MEASURED_FS) : step]  # 40 Hz and less: no aliases
        many = global_measures(found, leads)
        if (many.shape,) != (self.shapes(len(leads))[GLOBAL],):
            raise UnusableError(f"twelve leads are {', '.join(TWELVE)}, not {', '.join(leads)}")
        return {SIGNAL: beat.astype(np.float32), MEASURED: lead_measures(found), GLOBAL: many}


def voting(leads: Sequence[str]) -> npt.NDArray[np.intp]:
    """Rows of the leads in which beats are found: those that do not follow from I and II, or all."""
    own = [row for row, name in enumerate(leads) if name.upper() not in DERIVED]
    return np.array(own or range(len(leads)))


def _first(recording: Recording, seconds: float) -> Recording:
    stop = round(seconds * recording.fs)
    return replace(recording, digital=recording.digital[:, :stop], annotations=None, gaps=None)


def _row(recording: Recording, found: MedianBeat, inputs: Inputs) -> Beats:
    at = round(int(found.place[0]) / MEASURED_FS * recording.fs)
    rr = np.array([found.rr_s], dtype=np.float32)
    return Beats(
        inputs={name: values[None] for name, values in inputs.items()},
        y=np.zeros(1, dtype=np.int64),
        record=np.array([recording.record]),
        patient=np.array([recording.patient]),
        database=np.array([recording.database]),
        lead=np.array(["+".join(recording.leads)]),
        sample=np.array([at]),
        seconds=np.array([at / recording.fs]),
        symbol=np.array([""]),
        rr_before=rr,
        rr_after=rr,
    )
