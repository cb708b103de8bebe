"""A database of as many recordings as MANY says: copies of the sample's, each with a height and noise of its own.

SIMULATED: for measuring how time and memory grow, and for no other number.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from ecg.recordings.databases import BeatDatabase
from ecg.recordings.databases.sample import FOLDER, SAMPLE
from ecg.recordings.recording import Recording

COUNT = int(os.environ.get("MANY", "10"))


@dataclass(frozen=True, kw_only=True)
class Many(BeatDatabase):
    """Recordings that exist while they are read."""

    def is_there(self, folder: Path) -> bool:
        """Nothing is on the disk."""
        return True

    def files(self, record: str) -> list[str]:
        """No files."""
        return []

    def trains(self, records: Iterable[str]) -> list[str]:
        """All but the test records."""
        tested = set(self.test)
        return [record for record in records if record not in tested]

    def read(self, folder: Path, record: str) -> Recording:
        """One of the sample's recordings, a little changed, as another patient's."""
        number = int(record.removeprefix("m"))
        original = _sample(number % len(SAMPLE.records))
        rng = np.random.default_rng(number)
        digital = original.digital * rng.uniform(0.7, 1.4) + rng.normal(0, 2, original.digital.shape)
        changed = replace(original, digital=np.rint(digital).astype(original.digital.dtype))
        return replace(changed, record=record, patient=record, database=self.name)


@cache
def _sample(number: int) -> Recording:
    return SAMPLE.read(Path(FOLDER), list(SAMPLE.records)[number])


_RECORDS = tuple(f"m{number:05d}" for number in range(COUNT))
MANY = Many(
    name="simulated",
    title=f"{COUNT} SIMULATED recordings, made of the sample",
    records=_RECORDS,
    test=_RECORDS[:: max(COUNT // 5, 2)][1:],
    licence="ODC-By 1.0",
)
