"""What any model must beat: the majority class and one nearest neighbour on the beat's samples.

python experiments/benchmark/baselines.py --data-dir path/to/data
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

import ecg
from ecg.metrics.confusion import confusion_matrix
from ecg.metrics.registry import counted
from ecg.progress import track

HERE = Path(__file__).parent
Floats = npt.NDArray[np.float32]


def nearest(train: Floats, test: Floats, block: int = 512) -> npt.NDArray[np.int64]:
    """Position in `train` of the Euclidean nearest row of each row of `test`; both [beat, sample]."""
    squares = (train**2).sum(axis=1)
    parts = [
        (squares - 2 * part @ train.T).argmin(axis=1)
        for part in track(np.array_split(test, len(test) // block), "nearest neighbours")
    ]
    return np.concatenate(parts)


def main() -> None:
    """Score both baselines on both splits, trained on all beats outside the test subset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="holds mitdb/; else ECG_DATA, else the platform's cache folder")
    data_dir = parser.parse_args().data_dir
    rows = []
    for split in ("kaggle", "patients"):
        data = ecg.data.ArrhythmiaDataModule(split=split, data_dir=data_dir)
        data.setup()
        known = np.union1d(data.split.train, data.split.val)
        train, test = data.beats.take(known), data.beats.take(data.split.test)
        majority = np.full(len(test), np.bincount(train.y).argmax())
        neighbour = train.y[nearest(train.signal[:, 0], test.signal[:, 0])]
        for name, predicted in (("majority class", majority), ("1-nearest-neighbour", neighbour)):
            scores = counted(confusion_matrix(test.y, predicted, len(data.classes)), data.classes)
            row = {"model": name, "split": split, **{key: float(value) for key, value in scores.items()}}
            rows.append(row)
            print(f"{name}, split {split}: accuracy {row['accuracy']:.4f}, macro-F1 {row['macro_f1']:.4f}")
    pd.DataFrame(rows).to_csv(HERE / "baselines.csv", index=False, float_format="%.6f")


if __name__ == "__main__":
    main()
