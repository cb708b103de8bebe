"""What the data records of an EDF, EDF+ or BDF file say of themselves: how many there are, and when each began.

edfio reads the samples, but believes a file that says it is continuous. Time stamps: edfplus.info/specs/edfplus.html,
2.2.4: the first annotation of each data record is its start in s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.messages import failing

_MAIN, _EACH = 256, 256  # bytes of the header, and more for each signal
_LABEL, _BEFORE_SIZE, _SIZE = 16, 216, 8  # bytes of a label; of all fields before the samples per record; of those
_STAMP = re.compile(rb"([+-]\d+(?:\.\d*)?)(?:\x15[\d.]*)?\x14")
_SLACK_S, _DRIFT = 0.02, 1e-3
"""How far the samples may run ahead of the time stamps: in s, and as a share of the time since the start."""


@dataclass(frozen=True)
class Records:
    """The data records of a file.

    Attributes:
        path: the file.
        bdf: samples of three bytes (BDF), not two.
        encoding: of the header's text.
        promised: how many the header announces; None where it leaves that open (-1).
        found: how many there are.
        left_over: bytes of one more that was not finished.
        seconds: duration of each.
        interrupted: the header says that there may be gaps (EDF+D).
        onset: shape [record], start of each in s, not a number where it does not say; None without annotations.
    """

    path: Path
    bdf: bool
    encoding: str
    promised: int | None
    found: int
    left_over: int
    seconds: float
    interrupted: bool
    onset: npt.NDArray[np.float64] | None

    @property
    def notes(self) -> tuple[str, ...]:
        """A note where the file holds more or fewer records than its header announces."""
        if self.promised in (None, self.found) and not self.left_over:
            return ()
        announced = "an unknown number of" if self.promised is None else f"{self.promised:,}"
        begun = "; the one that is cut off at the end is left out" if self.left_over else ""
        length = f"{self.found * self.seconds:,.1f} s"
        said = f"The header announces {announced} data records, the file holds {self.found:,}"
        return (f"{said} of {self.seconds:g} s ({length}), and all of those are read{begun}.",)

    def places(self, size: int) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
        """Where the records of a signal lie in time.

        Args:
            size: samples of the signal in each record.

        Returns:
            Place of the first sample of each record; None where each follows the one before. A note where the time
            stamps say otherwise than the header, or cannot be used.

        Raises:
            EcgError: an interrupted file has no time stamps, or such as go back or leave too long a gap.
        """
        if self.onset is None or not np.isfinite(self.onset).any():
            if self.interrupted and self.found > 1:
                raise EcgError(f"{self.path}: an interrupted recording (EDF+D) without time stamps; save it as EDF+C")
            return None, ()
        onset, fs = self._filled(self.onset), size / self.seconds
        in_a_row = size * np.arange(self.found)
        stamped = np.rint((onset - onset[0]) * fs).astype(np.int64)
        late = np.maximum.accumulate(stamped - in_a_row)
        ahead = in_a_row + late - stamped
        if late.max() > 10 * size * self.found + 3600 * fs:
            record = int(np.argmax(np.diff(onset))) + 1
            said = f"the time stamps jump by {np.diff(onset).max():,.0f} s after data record {record}"
            raise EcgError(f"{self.path}: {said}; save the parts as files of their own")
        if (ahead > fs * (_SLACK_S + _DRIFT * in_a_row / fs)).any():
            said = f"time stamps of the data records go back (record {int(np.argmax(ahead)) + 1})"
            if self.interrupted:
                raise EcgError(f"{self.path}: an interrupted recording (EDF+D), but the {said}")
            return None, (f"The {said} and are not used: each record is taken to follow the one before.",)
        if late.max() <= 1:
            return None, ()
        jumps = "The time stamps of the data records jump, though the header calls the recording continuous"
        return in_a_row + late, () if self.interrupted else (f"{jumps}; each record is put where its stamp says.",)

    def _filled(self, onset: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """A record without a time stamp follows the one before it; those at the beginning come before the next."""
        filled, first = onset.copy(), int(np.flatnonzero(np.isfinite(onset))[0])
        filled[:first] = onset[first] - self.seconds * np.arange(first, 0, -1)
        for record in np.flatnonzero(np.isnan(filled)):
            filled[record] = filled[record - 1] + self.seconds
        return filled


def read_records(path: Path) -> Records:
    """Look at the header and the time stamps.

    Raises:
        EcgError: damaged, cut off within the header, or no EDF or BDF file.
    """
    with failing(f"{path}: damaged, cut off or no EDF file"), path.open("rb") as file:
        main = file.read(_MAIN)
        count = int(main[252:256])
        each = file.read(count * _EACH)
        starts = range(_BEFORE_SIZE * count, (_BEFORE_SIZE + _SIZE) * count, _SIZE)
        sizes = [int(each[at : at + _SIZE]) for at in starts]
        promised, seconds, offset = int(main[236:244]), float(main[244:252]), int(main[184:192])
        bdf = main[:1] == b"\xff"
        width = 3 if bdf else 2
        record = width * sum(sizes)
        found, left_over = divmod(path.stat().st_size - offset, record)
        labels = [each[_LABEL * i : _LABEL * (i + 1)].strip() for i in range(count)]
        wanted = b"BDF Annotations" if bdf else b"EDF Annotations"
        at = labels.index(wanted) if wanted in labels else None
    if found < 1:
        raise EcgError(f"{path}: holds no samples: cut off after its header, or damaged")
    onset = None
    if at is not None:
        whole = np.memmap(path, np.uint8, "r", offset, (found, record))
        onset = _onsets(whole[:, width * sum(sizes[:at]) : width * sum(sizes[: at + 1])])
    return Records(
        path=path,
        bdf=bdf,
        encoding=_encoding(main + each),
        promised=None if promised == -1 else promised,
        found=found,
        left_over=left_over,
        seconds=seconds,
        interrupted=main[192:197] in (b"EDF+D", b"BDF+D"),
        onset=onset,
    )


def _onsets(stored: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The first number of the annotations of each record, shape [record]."""
    stamps = (_STAMP.match(row.tobytes()) for row in stored)
    return np.array([float(stamp[1]) if stamp else np.nan for stamp in stamps])


def _encoding(header: bytes) -> str:
    """ASCII by the specification; recorders write µV in the one or the other way."""
    try:
        header.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
