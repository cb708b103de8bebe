"""What data says of itself: travels with the batches, the metrics and the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecg.beats.splits import BY_PATIENT


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
        patient_label: whether the label is the patient's (a diagnosis), not the beat's.
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
    patient_label: bool = False

    @property
    def title(self) -> str:
        """One line for figures and tables."""
        simulated = "SIMULATED recordings, " if self.simulated else ""
        return f"{self.dataset}, {simulated}source {self.source}, cut {self.cut}, split {self.split}"

    @property
    def scored(self) -> str:
        """What the beats are called that scores are about."""
        return "test beats"

    @property
    def by_patient(self) -> bool:
        """Whether the split puts no patient on two sides."""
        return self.split in BY_PATIENT


def left_out_line(facts: Mapping[str, object]) -> str:
    """Who marked the R peaks and what was left out, in one line."""
    said = [f"R peaks: {facts.get('r_peaks', 'unknown')}"]
    for what in ("records", "beats"):
        reasons = facts.get(f"{what}_left_out")
        if isinstance(reasons, Mapping) and reasons:
            said.append(f"{what} left out: " + ", ".join(f"{n:,} {reason}" for reason, n in reasons.items()))
    if more := facts.get("beats_over_the_limit_per_patient"):
        said.append(f"beyond dataset.beats_per_patient: {more:,} beats")
    return "; ".join(said)
