"""CPU seconds to label the beats of MIT-BIH's 48 records with weights that ship, features included.

    python experiments/new_patients/speed.py --data-dir path/to/data [--weights path/to/run]

R peaks are the annotated ones; reading the files is not counted. One thread.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch

from ecg.beats.detected import segmented
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.leads import with_leads
from ecg.runs.shipped import DEFAULT
from ecg.runs.weights import load_weights
from ecg.training.inference import probabilities
from ecg.training.labelling import Labelling


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("ECG_DATA", "data")))
    parser.add_argument("--weights", type=Path, default=Path(DEFAULT))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    weights = load_weights(asked.weights)
    info = weights.info
    labelling = Labelling.of(weights.labelling, info.classes)
    recordings = [with_leads(MITDB.read(asked.data_dir / "mitdb", one), info.wanted) for one in MITDB.records]
    spent = np.zeros(3)
    beats = 0
    for recording in recordings:
        start = time.process_time()
        made, _ = segmented(recording, weights.segmentation)
        features = time.process_time()
        found = probabilities(weights.model, made)
        model = time.process_time()
        labelling(found, made, info.classes, info.r_peak_s, info.fs)
        spent += np.diff([start, features, model, time.process_time()])
        beats += len(made)
    each = ", ".join(
        f"{what} {value:.1f}" for what, value in zip(("features", "model", "labelling"), spent, strict=True)
    )
    per = 100_000 / beats
    print(f"{beats:,} beats: {spent.sum():.1f} CPU s ({each}); per 100,000 beats {per * spent.sum():.1f} CPU s")


if __name__ == "__main__":
    main()
