"""How much of ECGs and of noise is taken for `no ECG visible`, and what is left of the R peaks found in noise.

python experiments/rpeaks/visible.py --data-dir path/to/data
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ecg.beats.resampling import filled, lead_millivolts
from ecg.beats.rpeaks import detector
from ecg.metrics.rpeaks import LEADS
from ecg.recordings.databases import MITDB, NSTDB, SVDB, BeatDatabase
from ecg.recordings.leads import with_leads

MADE_S, MADE_HZ = 1800, 360.0


def main() -> None:
    """Print a line for DS1, for svdb's training records, and for each noise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    data_dir = parser.parse_args().data_dir
    for database in (MITDB, SVDB):
        print(of_ecgs(database, data_dir / database.name))
    find = detector()
    for name, signal, fs in noises(data_dir / NSTDB.name):
        found = find(signal, fs)
        hidden = found.hides(len(signal))
        minutes = len(signal) / fs / 60
        left = float((~hidden[found.sample]).sum()) / minutes
        print(
            f"{name}: {100 * hidden.mean():.1f} % hidden; {len(found) / minutes:.1f} R peaks a minute, {left:.1f} left"
        )


def of_ecgs(database: BeatDatabase, folder: Path) -> str:
    """Share of the training records that is hidden, and how many beats are."""
    find, seconds, total, beats, where = detector(), 0.0, 0.0, 0, list[str]()
    for record in database.trains(database.there(folder)):
        lead = with_leads(database.read(folder, record), LEADS)
        mask = find(filled(lead_millivolts(lead, 0)), lead.fs).hides(lead.n_samples)
        marks = lead.annotations
        assert marks is not None
        beats += int(mask[np.minimum(marks.sample[marks.beats], len(mask) - 1)].sum())
        seconds, total = seconds + float(mask.sum()) / lead.fs, total + lead.seconds
        where += [f"{record} {mask.sum() / lead.fs:.0f} s"] if mask.any() else []
    return f"{database.name}: {100 * seconds / total:.2f} % hidden, {beats} beats in it; {', '.join(where)}"


def noises(folder: Path) -> Iterator[tuple[str, np.ndarray, float]]:
    """Recorded ones, the halves that training did not hear; and made ones."""
    for name in ("ma", "bw"):
        whole, fs = NSTDB.read(folder, name)
        for channel, row in enumerate(whole):
            yield f"{name}, channel {channel + 1}", row[len(row) // 2 :], fs
    rng, n = np.random.default_rng(0), round(MADE_S * MADE_HZ)
    yield "white noise", rng.normal(size=n), MADE_HZ
    yield "a random walk", np.cumsum(rng.normal(size=n)), MADE_HZ
    yield "a square wave of 1 Hz", np.sign(np.sin(np.arange(n) / MADE_HZ * 2 * np.pi)), MADE_HZ


if __name__ == "__main__":
    main()
