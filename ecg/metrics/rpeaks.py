"""How well a detector finds R peaks: Se and +P of one lead against the marked beats, and how far off it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.beats.resampling import filled, lead_millivolts
from ecg.beats.rpeaks import Detector
from ecg.errors import EcgError
from ecg.metrics.confusion import IntArray, ratio
from ecg.metrics.matching import match_beats
from ecg.progress import track
from ecg.recordings.databases import BeatDatabase
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Annotations
from ecg.recordings.rhythms import flutter_intervals

LEADS = ("MLII|first",)
"""The lead that is looked at: MLII where there is one."""
BEYOND_S = (0.025, 0.05)
"""Found R peaks further than this from the mark are counted, in s."""


@dataclass(frozen=True)
class Detected:
    """R peaks found in one lead, beside the marked beats.

    Attributes:
        record: name.
        matched, missed, extra: number of beats: found within 150 ms, not found, found where there is none.
        in_flutter: found within ventricular flutter, where no beats are marked; in none of the above.
        offset_s: shape [matched], found minus marked, in s.
    """

    record: str
    matched: int
    missed: int
    extra: int
    in_flutter: int
    offset_s: npt.NDArray[np.float64]


def detected(record: str, marks: Annotations, found: IntArray, fs: float) -> Detected:
    """Match found R peaks with the marked beats, one to one within 150 ms (EC57).

    Args:
        record: its name.
        marks: the reference.
        found: shape [beat], samples, ascending.
        fs: in Hz, of both.
    """
    sample = marks.sample[marks.beats]
    match = match_beats(sample, found, fs)
    end = max(int(marks.sample[-1]) if len(marks) else 0, int(found[-1]) if len(found) else 0) + 1
    start, stop = flutter_intervals(marks, end).T
    at = found[match.extra][:, None]
    flutter = int(((at >= start) & (at <= stop)).any(axis=1).sum())
    offset = (found[match.pairs[:, 1]] - sample[match.pairs[:, 0]]) / fs
    return Detected(record, len(match.pairs), len(match.missed), len(match.extra) - flutter, flutter, offset)


def detect_all(
    detector: Detector, database: BeatDatabase, folder: Path, records: Sequence[str], leads: Sequence[str] = LEADS
) -> list[Detected]:
    """A detector on records of a database.

    Raises:
        EcgError: files are missing or damaged, or a record has no annotations.
    """
    return list(_each(detector, database, folder, records, leads))


def _each(
    detector: Detector, database: BeatDatabase, folder: Path, records: Sequence[str], leads: Sequence[str]
) -> Iterable[Detected]:
    for record in track(records, f"finding R peaks of {database.name}"):
        whole = database.read(folder, record)
        if whole.annotations is None:
            raise EcgError(f"record {record} of {database.name} has no annotations to compare R peaks with")
        lead = with_leads(whole, leads[:1])
        found = detector(filled(lead_millivolts(lead, 0)), lead.fs)
        yield detected(record, whole.annotations, found.sample, lead.fs)


def peak_scores(records: Sequence[Detected]) -> dict[str, float]:
    """Se, +P and F1 over all records (`gross`) and as the mean of the records' own, counts, and offsets in ms."""
    counts = np.array([[one.matched, one.missed, one.extra] for one in records], dtype=np.float64).reshape(-1, 3)
    values: dict[str, float] = {}
    for kind, part in (("", counts.sum(axis=0, keepdims=True)), ("average/", counts)):
        matched, missed, extra = part.T
        values[f"{kind}se"] = float(ratio(matched, matched + missed).mean())
        values[f"{kind}ppv"] = float(ratio(matched, matched + extra).mean())
        values[f"{kind}f1"] = float(ratio(2 * matched, 2 * matched + missed + extra).mean())
    values |= dict(zip(("matched", "missed", "extra"), counts.sum(axis=0).tolist(), strict=True))
    values["in_flutter"] = float(sum(one.in_flutter for one in records))
    offset = np.concatenate([one.offset_s for one in records]) if records else np.zeros(0)
    if len(offset):
        values["offset_ms/median"] = float(np.median(offset)) * 1000
        values |= {f"offset/beyond_{1000 * s:.0f}_ms": float((np.abs(offset) > s + 1e-9).mean()) for s in BEYOND_S}
    return values


def peak_table(records: Sequence[Detected]) -> pd.DataFrame:
    """One row for each record, and `all` at the end."""
    return pd.DataFrame([*({"record": one.record, **peak_scores([one])} for one in records),
                         {"record": "all", **peak_scores(records)}])  # fmt: skip
