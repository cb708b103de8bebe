"""Data in memory whose beats can be told apart by what is in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ecg.beats.segmentations import KaggleSegmentation
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data import BeatData
from ecg.data.sources import Prepared
from ecg.recordings.recording import Recording


@dataclass
class InMemory:
    """Beats that are there already."""

    beats: Beats
    name: str = "given"
    simulated: bool = True
    databases: tuple[str, ...] = ()

    def prepare(self, segmentation: object, leads: object, cache: Path) -> Prepared:
        return Prepared(self.beats, "0" * 64, False, facts={})

    def recording(self, name: str) -> Recording | None:
        return None

    def at_hand(self) -> bool:
        return True


class Three(BeatData):
    """A task of three classes."""

    dataset = "arrhythmia"
    classes = ("N", "S", "V")


def _numbered(lengths: Sequence[int], **changes: np.ndarray) -> Beats:
    n = sum(lengths)
    names = [f"r{i}" for i in range(len(lengths))]
    record = np.repeat(names, lengths) if n else np.zeros(0, dtype=np.str_)
    number = np.arange(1, n + 1, dtype=np.float32)
    columns = {
        "y": np.random.default_rng(n).integers(0, 3, n),
        "record": record,
        "patient": record,
        "database": record,
        "lead": record,
        "sample": np.arange(n),
        "seconds": np.arange(n, dtype=np.float64),
        "symbol": record,
        "rr_before": number,
        "rr_after": number,
    }
    inputs = {"signal": np.repeat(number, 3).reshape(n, 1, 3), "rhythm": -np.repeat(number, 2).reshape(n, 2)}
    return Beats(inputs=inputs, **{**columns, **changes})


@pytest.fixture(scope="session")
def numbered() -> Callable[..., Beats]:
    """Makes a table of records of so many beats: all samples of the i-th beat are i + 1, its rhythm is the negative."""
    return _numbered


@pytest.fixture
def in_memory(tmp_path: Path) -> Callable[..., BeatData]:
    """Makes data of such records, ready: every beat drawn at random into one of the subsets, or divided by a rule."""

    def make(lengths: Sequence[int], rule: Callable[[Beats], Split] | None = None, **changes: np.ndarray) -> BeatData:
        def drawn(table: Beats) -> Split:
            part = np.random.default_rng(3).integers(0, 3, len(table))
            return Split("drawn", *(np.flatnonzero(part == i) for i in range(3)))

        source = InMemory(_numbered(lengths, **changes))
        made = Three(
            source=source, segmentation=KaggleSegmentation(), split_rule=rule or drawn, cache=tmp_path, batch_size=16
        )
        made.setup()
        return made

    return make
