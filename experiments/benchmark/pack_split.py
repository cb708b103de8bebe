"""Pack the table of published rows (which beat stands in which file and row) into the file the package ships.

python experiments/benchmark/pack_split.py path/to/mitbih_split.csv.gz
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from ecg.beats.kaggle_rows import PACKED


def main(table: Path) -> None:
    """Write `ecg/beats/kaggle_rows.npz` from the columns record, ann_sample, class, split, test_row of `table`."""
    rows = pd.read_csv(table, dtype={"record": str})
    test = rows[rows["split"] == "test"].sort_values("test_row")
    if not np.array_equal(test["test_row"], np.arange(len(test))):
        raise SystemExit(f"{table}: test_row is not 0..{len(test) - 1}")
    records, first = np.unique(rows["record"], return_index=True)
    order = np.argsort(first)
    counts = rows["record"].value_counts()[records[order]]
    np.savez_compressed(
        PACKED,
        test_rows=test.index.to_numpy().astype(np.uint32),
        records=records[order].astype("U3"),
        beats=counts.to_numpy().astype(np.uint32),
        sample_sum=rows.groupby("record")["ann_sample"].sum()[records[order]].to_numpy(),
    )
    print(f"{PACKED}: {len(rows)} rows, {len(test)} of them test, {PACKED.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
