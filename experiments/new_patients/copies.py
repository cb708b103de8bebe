"""Draw a record beside synthetic copies of it, with their labels: what the training of new_patients also sees.

    python experiments/new_patients/copies.py [--record 220] [--data-dir path/to/data] [--out figure.png]

Without --data-dir the record is one of the nine that ship with ecg.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from ecg.recordings.copies import synthetic_copy
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.databases.sample import FOLDER
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording

SECONDS = 14.0
COLOURS = {"N": "#444444", "A": "#0072B2", "V": "#D55E00", "F": "#CC79A7"}


def most_changed(copy: Recording) -> float:
    """Where labels other than N are dense and N are there too, in s."""
    assert copy.annotations is not None
    seconds = copy.annotations.sample / copy.fs
    other = seconds[~np.isin(copy.annotations.symbol, list("NLR"))]
    if not len(other):
        return 0.0
    starts = np.arange(0, max(seconds[-1] - SECONDS, 1), 2.0)
    share = np.array(
        [
            ((other >= s) & (other < s + SECONDS)).sum() / max(((seconds >= s) & (seconds < s + SECONDS)).sum(), 1)
            for s in starts
        ]
    )
    return float(starts[np.abs(share - 0.45).argmin()])


def draw(axes: Axes, recording: Recording, start: float, title: str) -> None:
    """Some seconds of a recording with the symbol of each beat."""
    assert recording.annotations is not None
    first, stop = round(start * recording.fs), round((start + SECONDS) * recording.fs)
    signal = recording.millivolts(0)[first:stop]
    axes.plot(start + np.arange(len(signal)) / recording.fs, signal, color="black", linewidth=0.7)
    top = float(signal.max()) + 0.1 * float(np.ptp(signal))
    marks = recording.annotations
    for sample, symbol in zip(marks.sample, marks.symbol, strict=True):
        if first <= sample < stop:
            axes.text(sample / recording.fs, top, symbol, ha="center", fontsize=8, color=COLOURS.get(symbol, "#009E73"))
    axes.set_title(title, loc="left", fontsize=9, pad=14)
    axes.set_ylabel("mV", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", default="220")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("copies.png"))
    asked = parser.parse_args()
    mpl.use("Agg")
    folder = FOLDER if asked.data_dir is None else asked.data_dir / "mitdb"
    original = with_leads(MITDB.read(folder, asked.record), ("MLII|first",))
    figure, axes = plt.subplots(asked.copies + 1, 1, figsize=(11, 1.7 * (asked.copies + 1)), layout="constrained")
    draw(axes[0], original, 60.0, f"record {asked.record} as it is")
    for number in range(1, asked.copies + 1):
        copy = synthetic_copy(original, number)
        draw(axes[number], copy, most_changed(copy), f"{copy.record}: the patient's own beats, other rhythm and labels")
    axes[-1].set_xlabel("s")
    figure.savefig(asked.out, dpi=110)
    print(asked.out)


if __name__ == "__main__":
    main()
