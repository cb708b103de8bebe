"""Which beat of MIT-BIH stands in which Kaggle file and row, shipped so that nobody needs the CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.beats.table import Beats
from ecg.errors import EcgError

PACKED = Path(__file__).with_name("kaggle_rows.npz")
"""Row numbers of the 21,892 test rows among the 109,446 beats of the kaggle segmentation in record order, in the order
of `mitbih_test.csv`; and per record its number of beats and the sum of their samples, to recognise the beats. Found by
matching published rows to the raw recordings (`experiments/benchmark/pack_split.py`). The published order is a random
permutation within each class, so the file cannot be much smaller than its 60 kB."""


def published_test_rows(beats: Beats) -> npt.NDArray[np.int64]:
    """Positions in `beats` of the rows of `mitbih_test.csv`, in its order; all others are in `mitbih_train.csv`.

    Args:
        beats: all beats of all 48 MIT-BIH records by the kaggle segmentation, in record order.

    Returns:
        shape [21892].

    Raises:
        EcgError: the beats are not those 109,446.
    """
    with np.load(PACKED) as packed:
        counts = zip(packed["beats"].tolist(), packed["sample_sum"].tolist(), strict=True)
        expected = dict(zip(packed["records"].tolist(), counts, strict=True))
        rows: npt.NDArray[np.int64] = packed["test_rows"].astype(np.int64)
    table = pd.Series(beats.sample).groupby(beats.record, sort=False).agg(["size", "sum"])
    found = dict(zip(table.index, zip(table["size"], table["sum"], strict=True), strict=True))
    if found == expected and list(found) == list(expected):
        return rows
    wrong = [r for r in expected if found.get(r) != expected[r]] + [r for r in found if r not in expected]
    raise EcgError(
        "dataset.split=kaggle needs exactly the beats behind the Kaggle files: all 48 records of MIT-BIH, "
        f"dataset.segmentation=kaggle; {len(wrong)} records differ ({', '.join(wrong[:5]) or 'their order'}); "
        "choose dataset.split=beats or dataset.split=patients"
    )
