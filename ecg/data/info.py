"""What data says of itself: travels with the batches, the metrics and the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ecg.beats.table import SIGNAL, shapes_of
from ecg.recordings.leads import FIRST

if TYPE_CHECKING:
    from ecg.data.module import BeatData
    from ecg.data.sources import Prepared


@dataclass(frozen=True)
class DataInfo:
    """Description of a prepared and divided dataset.

    Attributes:
        dataset: the task, e.g. `arrhythmia`.
        classes: class names by number.
        source: where the beats come from, as in `dataset.source`.
        simulated: True if a model of the ECG made them; every title and file then says so.
        segmentation: name of the segmentation.
        fs: sampling rate of the beats in Hz.
        r_peak_s: seconds from a window's first sample to its R peak.
        shapes: of each input of one beat, by name; `signal` is (lead, sample).
        leads: names of the leads that beats are from.
        wanted: the lead of each row of `signal`, as it is looked for in a recording, see `ecg.recordings.leads`.
        databases: short names of the databases that the beats are from.
        split: name of the split.
        by_patient: whether it puts no patient in two subsets.
        notes: what a reader of any number must be told.
        fingerprint: SHA-256 over the source's files.
        counts: beats per subset and class, `{"train": {"N": 1, ...}, ...}`.
        facts: how the beats were found: who marked the R peaks, what was left out and why. JSON values only.
        patient_label: whether the label is the patient's (a diagnosis), not the beat's.
        rows: what is labelled: beats, recordings, or single leads of either.
    """

    dataset: str
    classes: tuple[str, ...]
    source: str
    simulated: bool
    segmentation: str
    fs: float
    r_peak_s: float
    shapes: Mapping[str, tuple[int, ...]]
    leads: tuple[str, ...]
    wanted: tuple[str, ...]
    databases: tuple[str, ...]
    split: str
    by_patient: bool
    notes: tuple[str, ...]
    fingerprint: str
    counts: dict[str, dict[str, int]]
    facts: Mapping[str, object] = field(default_factory=dict)
    patient_label: bool = False
    rows: str = "beats"

    @property
    def title(self) -> str:
        """One line for figures and tables."""
        simulated = "SIMULATED recordings, " if self.simulated else ""
        asked = f" ({self.classes[-1]} against {self.classes[0]})" if self.patient_label else ""
        leads = f", leads {' '.join(self.wanted)}" if self.patient_label and self.wanted else ""
        how = f"segmentation {self.segmentation}{leads}, split {self.split}"
        return f"{self.dataset}{asked}, {simulated}{self.origin}, {how}"

    @property
    def origin(self) -> str:
        """Where the beats come from, for titles."""
        return f"source {self.source}" + (f" ({' and '.join(self.databases)})" if self.databases else "")

    @property
    def preferred(self) -> tuple[str, ...]:
        """Leads to look for in another recording: those that were asked for, in their order, then those there were."""
        asked = (option.strip() for one in self.wanted[:1] for option in one.split("|"))
        return tuple(dict.fromkeys((*(name for name in asked if name.lower() != FIRST), *self.leads)))

    @property
    def scored(self) -> str:
        """What the beats are called that scores are about."""
        return f"test {self.rows}"

    @property
    def each(self) -> str:
        """One of `rows`: `beat`, `recording`, `beat and lead`."""
        what, _, lead = self.rows.partition("s of single ")
        return f"{what} and {lead.removesuffix('s')}" if lead else what.removesuffix("s")

    @property
    def shape(self) -> tuple[int, int]:
        """(lead, sample) of a beat's window."""
        leads, samples = self.shapes[SIGNAL]
        return leads, samples


def describe(data: BeatData, prepared: Prepared, facts: dict[str, object]) -> DataInfo:
    """What prepared and divided data says of itself.

    Args:
        data: after its split.
        prepared: where its beats come from.
        facts: how they were found.
    """
    counts = {
        subset: {name: int((data.beats.y[index] == c).sum()) for c, name in enumerate(data.classes)}
        for subset, index in data.split.subsets.items()
    }
    return DataInfo(
        dataset=data.dataset,
        classes=data.classes,
        source=data.source.name,
        simulated=data.source.simulated,
        segmentation=data.segmentation.name,
        fs=data.segmentation.fs,
        r_peak_s=data.segmentation.r_peak_s,
        shapes=shapes_of(data.beats.inputs),
        leads=tuple(np.unique(data.beats.lead).tolist()),
        wanted=data.leads,
        databases=data.source.databases,
        split=data.split.name,
        by_patient=data.split.by_patient,
        notes=(*prepared.notes, *data.split.notes),
        fingerprint=prepared.fingerprint,
        counts=counts,
        facts=facts,
        patient_label=data.patient_label,
        rows=f"{'recordings' if data.whole else 'beats'}{' of single leads' if data.leads_apart else ''}",
    )


def left_out_line(facts: Mapping[str, object]) -> str:
    """Who marked the R peaks, which patients there are, and what was left out, in one line."""
    said = [f"R peaks: {facts.get('r_peaks', 'unknown')}"]
    patients = facts.get("patients")
    if isinstance(patients, Mapping):
        said.append("patients: " + "; ".join(f"{name} {_counted(n)}" for name, n in patients.items()))
    if beside := [f"{_counted(n)} ({key.partition(' ')[2]})" for key, n in facts.items() if key.startswith("beside ")]:
        said.append("tested beside them: " + "; ".join(beside))
    for what in ("records", "beats"):
        reasons = facts.get(f"{what}_left_out")
        if isinstance(reasons, Mapping) and reasons:
            said.append(f"{what} left out: {_counted(reasons)}")
    away = {key.rpartition(" ")[2]: n for key, n in facts.items() if key.startswith("left out beside ")}
    said += [f"records of {name} left out: {_counted(reasons)}" for name, reasons in away.items()]
    if more := facts.get("beats_over_the_limit_per_patient"):
        said.append(f"beyond dataset.beats_per_patient: {more:,} beats")
    return "; ".join(said)


def _counted(counts: object) -> str:
    return ", ".join(f"{n:,} {what}" for what, n in counts.items()) if isinstance(counts, Mapping) else str(counts)
