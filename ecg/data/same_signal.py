"""One signal in two files, also of other formats, units or gains: a patient must not train and test under two names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.recording import Recording

_LOOKED_AT = 1000
_ALIKE = 0.999
"""Correlation of one signal's values in two formats, which round them differently; of two hearts it is far less."""


class SeenSignals:
    """The signals of the recordings so far, each by a thousand of its values."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, float], list[tuple[Path, str, npt.NDArray[np.float64]]]] = {}

    def add(self, path: Path, recording: Recording) -> None:
        """Remember a recording's signal.

        Args:
            path: the file.
            recording: with its patient and one lead.

        Raises:
            EcgError: another file holds the same signal, of another patient.
        """
        n = recording.n_samples
        values = recording.digital[0, np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(np.int64)].astype(np.float64)
        values -= values.mean()
        values /= max(float(np.linalg.norm(values)), 1e-12)
        alike = self._seen.setdefault((n, recording.fs), [])
        for other, patient, known in alike:
            if patient != recording.patient and float(known @ values) > _ALIKE:
                said = f"hold the same signal, of the patients {recording.patient} and {patient}"
                way = "remove one of them, or give both one patient (dataset.patients)"
                raise EcgError(f"{path} and {other} {said}; {way}")
        alike.append((path, recording.patient, values))
