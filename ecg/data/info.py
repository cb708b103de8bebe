"""What data says of itself: travels with the batches, the metrics and the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataInfo:
    """Description of a prepared and divided dataset.

    Attributes:
        dataset: the task, e.g. `arrhythmia`.
        classes: class names by number.
        source: where the beats come from, as in `dataset.source`.
        simulated: True if a model of the ECG made them; every title and file then says so.
        cut: name of the cut.
        fs: sampling rate of the beats in Hz.
        shape: (channel, sample) of one beat.
        leads: names of the leads that beats were cut from.
        split: name of the split.
        notes: what a reader of any number must be told.
        fingerprint: SHA-256 over the source's files.
        counts: beats per side and class, `{"train": {"N": 1, ...}, ...}`.
        facts: how the beats were found: who marked the R peaks, what was left out and why. JSON values only.
    """

    dataset: str
    classes: tuple[str, ...]
    source: str
    simulated: bool
    cut: str
    fs: float
    shape: tuple[int, int]
    leads: tuple[str, ...]
    split: str
    notes: tuple[str, ...]
    fingerprint: str
    counts: dict[str, dict[str, int]]
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """One line for figures and tables."""
        simulated = "SIMULATED recordings, " if self.simulated else ""
        return f"{self.dataset}, {simulated}source {self.source}, cut {self.cut}, split {self.split}"
