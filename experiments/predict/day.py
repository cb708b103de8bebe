"""A day of ECG in one WFDB record: the 30-minute records of MIT-BIH one after the other."""

from __future__ import annotations

from pathlib import Path

from ecg.recordings.databases.mitdb import MITDB

SAMPLES = 650_000
"""Samples of each record of MIT-BIH and lead, 30 min 6 s at 360 Hz."""


def write_day(mitdb: Path, folder: Path, hours: float) -> Path:
    """Write `day.hea` and `day.dat` of about `hours`, without annotations; 48 records make 24 h.

    Format 212 stores pairs of samples, one of each lead, in three bytes, so that files can follow each other. The first
    lead has the name MLII; in 102, 104 and 114 it is V5.
    """
    count = max(min(round(hours * 3600 * 360 / SAMPLES), len(MITDB.records)), 1)
    with (folder / "day.dat").open("wb") as stream:
        for record in MITDB.records[:count]:
            content = (mitdb / f"{record}.dat").read_bytes()
            assert len(content) == SAMPLES * 3, f"{record}.dat has {len(content)} bytes"
            stream.write(content)
    leads = "".join(f"day.dat 212 200 11 1024 0 0 0 {lead}\n" for lead in ("MLII", "V5"))
    (folder / "day.hea").write_text(f"day 2 360 {count * SAMPLES}\n{leads}")
    return folder / "day"
