"""One signal in two files, also of other formats, units or gains: a patient must not train and test under two names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.recording import Recording

_LOOKED_AT = 1000
_ALIKE = 0.999
"""Correlation of one signal's values in two formats, which round them differently; of two hearts it is far less."""


@dataclass(frozen=True)
class Outline:
    """Enough of a signal to know it again.

    Attributes:
        patient: whose it is.
        n_samples: its length.
        fs: sampling rate in Hz.
        values: a thousand of its samples, of mean 0 and length 1.
    """

    patient: str
    n_samples: int
    fs: float
    values: npt.NDArray[np.float64]

    @classmethod
    def of(cls, recording: Recording) -> Outline:
        """That of a recording with one lead."""
        n = recording.n_samples
        values = recording.digital[0, np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(np.int64)].astype(np.float64)
        values -= values.mean()
        values /= max(float(np.linalg.norm(values)), 1e-12)
        return cls(recording.patient, n, recording.fs, values)


class SeenSignals:
    """The signals of the recordings so far, each by a thousand of its values."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], list[tuple[Path, Outline]]] = {}

    def add(self, path: Path, one: Outline) -> None:
        """Remember the signal of a file.

        Raises:
            EcgError: another file holds the same signal, of another patient.
        """
        alike = self._seen.setdefault((one.n_samples, one.fs), [])
        for other, known in alike:
            if known.patient != one.patient and float(known.values @ one.values) > _ALIKE:
                said = f"hold the same signal, of the patients {one.patient} and {known.patient}"
                way = "remove one of them, or give both one patient (dataset.patients)"
                raise EcgError(f"{path} and {other} {said}; {way}")
        alike.append((path, one))
