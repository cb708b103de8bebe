"""The `Beats` table: single heartbeats and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Beats:
    """Heartbeats cut out of recordings; every attribute has one entry per beat.

    Attributes:
        x: shape [beat, channel, sample], float32, what a model sees.
        y: shape [beat], class number.
        record: shape [beat], record name; empty where the source does not tell.
        patient: shape [beat], patient identifier; empty where the source does not tell.
        lead: shape [beat], name of the lead that the beat was cut from.
        sample: shape [beat], R peak in samples at the recording's own fs; -1 where the source does not tell.
        seconds: shape [beat], the same R peak in seconds from the record's start; NaN where the source does not tell.
        symbol: shape [beat], annotation symbol.
        rr_before: shape [beat], seconds since the previous beat, NaN for a record's first.
        rr_after: shape [beat], seconds to the next beat, NaN for a record's last.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    record: npt.NDArray[np.str_]
    patient: npt.NDArray[np.str_]
    lead: npt.NDArray[np.str_]
    sample: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    symbol: npt.NDArray[np.str_]
    rr_before: npt.NDArray[np.float32]
    rr_after: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self)}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"a Beats table needs columns of one length, got {lengths}")

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Beats:
        """The beats at `index` (positions or a mask), in that order."""
        return Beats(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def concatenate(parts: Sequence[Beats]) -> Beats:
        """All beats of `parts`, in order; `parts` holds at least one table."""
        return Beats(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Beats)})


def rr_intervals(sample: npt.NDArray[np.int64], fs: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """RR interval before and after each beat in seconds, NaN at the two ends.

    Args:
        sample: shape [beat], R peaks in time order.
        fs: their sampling rate in Hz.
    """
    rr = (np.diff(sample) / fs).astype(np.float32)
    edge = np.full(min(len(sample), 1), np.nan, dtype=np.float32)
    return np.concatenate([edge, rr]), np.concatenate([rr, edge])
