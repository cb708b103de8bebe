"""The `Beats` table: single heartbeats and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

SIGNAL = "signal"
"""The input that every segmentation gives: [lead, sample], the beat's window."""
MASK = "mask"
"""What a model of consecutive beats is given beside its inputs: [window, beat], False beyond a record's ends."""

Inputs = Mapping[str, npt.NDArray[np.float32]]
"""What a model sees of beats, by name: arrays whose first axis is the beat."""
Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each input for one beat."""


@dataclass(frozen=True)
class Beats:
    """Heartbeats of recordings; every attribute has one entry per beat, in the record's order of time.

    Attributes:
        inputs: by name, shape [beat, ...], float32; `signal` has shape [beat, lead, sample].
        y: shape [beat], class number.
        record: shape [beat], record name; empty where the source does not tell.
        patient: shape [beat], patient identifier; empty where the source does not tell.
        database: shape [beat], short name of the database; empty where there is none.
        lead: shape [beat], name of the lead that the beat is from; several are joined by `+`.
        sample: shape [beat], R peak in samples at the recording's own fs; -1 where the source does not tell.
        seconds: shape [beat], the same R peak in seconds from the record's start; NaN where the source does not tell.
        symbol: shape [beat], annotation symbol.
        rr_before: shape [beat], seconds since the previous beat, NaN for a record's first.
        rr_after: shape [beat], seconds to the next beat, NaN for a record's last.
    """

    inputs: Inputs
    y: npt.NDArray[np.int64]
    record: npt.NDArray[np.str_]
    patient: npt.NDArray[np.str_]
    database: npt.NDArray[np.str_]
    lead: npt.NDArray[np.str_]
    sample: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    symbol: npt.NDArray[np.str_]
    rr_before: npt.NDArray[np.float32]
    rr_after: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in (self.columns | dict(self.inputs)).items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"a Beats table needs columns of one length, got {lengths}")

    def __len__(self) -> int:
        return len(self.y)

    @property
    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """What is known of each beat, without the inputs."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "inputs"}

    @property
    def signal(self) -> npt.NDArray[np.float32]:
        """The beats' windows, shape [beat, lead, sample]."""
        return self.inputs[SIGNAL]

    def take(self, index: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Beats:
        """The beats at `index` (positions or a mask), in that order."""
        inputs = {name: values[index] for name, values in self.inputs.items()}
        return Beats(inputs=inputs, **{name: column[index] for name, column in self.columns.items()})

    @staticmethod
    def concatenate(parts: Sequence[Beats]) -> Beats:
        """All beats of `parts`, in order; `parts` holds at least one table, and all have the same inputs."""
        inputs = {name: np.concatenate([p.inputs[name] for p in parts]) for name in parts[0].inputs}
        columns = {name: np.concatenate([p.columns[name] for p in parts]) for name in parts[0].columns}
        return Beats(inputs=inputs, **columns)


def shapes_of(inputs: Inputs) -> dict[str, tuple[int, ...]]:
    """The shape of each input for one beat."""
    return {name: tuple(values.shape[1:]) for name, values in inputs.items()}
