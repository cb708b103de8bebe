"""The noise records of the MIT-BIH Noise Stress Test Database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.recordings.databases.base import Database
from ecg.recordings.wfdb_files import read_record

NOISES = ("bw", "ma")
"""Baseline wander and muscle noise. The third record, electrode motion, looks much like an ECG (PhysioNet, nstdb)."""


@dataclass(frozen=True, kw_only=True)
class NoiseDatabase(Database):
    """Recordings of noise alone."""

    def is_there(self, folder: Path) -> bool:
        """Whether all of them are there."""
        return all((folder / f"{one}.{ending}").is_file() for one in NOISES for ending in ("hea", "dat"))

    def read(self, folder: Path, noise: str) -> tuple[npt.NDArray[np.float64], float]:
        """One record in ADU, shape [channel, time], and its sampling rate in Hz.

        Raises:
            EcgError: files are missing or damaged.
        """
        if not self.is_there(folder):
            raise self.nothing_there(folder, f"lacks {' or '.join(NOISES)}")
        found = read_record(folder / noise, patient=noise, annotator=None, calibrated=False)
        return found.digital.astype(np.float64), found.fs


NSTDB = NoiseDatabase(
    name="nstdb",
    version="1.0.0",
    title="MIT-BIH Noise Stress Test Database",
    licence="Open Data Commons Attribution License v1.0 (ODC-By 1.0)",
    citation=(
        "Moody GB, Muldrow WE, Mark RG. A noise stress test for arrhythmia detectors. Computers in Cardiology "
        "11:381-384 (1984)"
    ),
    doi="10.13026/C2HS3T",
    n_records=2,
    n_bytes=4_000_000,
    needed=r"(bw|ma)\.(hea|dat)",
    instead="dataset.noise=false",
)
