"""The Kaggle heartbeat files (shayanfazeli/heartbeat): 187 samples and a label on each line, no header line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ecg.atomic import whole_file
from ecg.errors import EcgError
from ecg.recordings.messages import found_in

N_SAMPLES = 187
N_COLUMNS = N_SAMPLES + 1
_CELL = 25  # characters of a number such as 9.779411554336547852e-01 and the comma or line end after it
_ROWS_AT_ONCE = 4096


def read_kaggle_csv(path: Path, n_classes: int = 5) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Read one of the published files, or one made the same way.

    Args:
        path: e.g. `kaggle/mitbih_train.csv`.
        n_classes: 5 for mitbih_train and mitbih_test, 2 for ptbdb_normal and ptbdb_abnormal.

    Returns:
        Beats, shape [beat, 187], 0..1 without unit; labels, shape [beat], integers from 0.

    Raises:
        EcgError: no such file; or a header line, a wrong number of columns, an empty field, something that is not a
            number, a sample outside 0..1, a label that is not a class. The message gives file, line and column.
    """
    import csv

    import pandas as pd

    if not path.is_file():
        raise EcgError(f"{path} does not exist. {found_in(path.parent, '.csv', 'Kaggle files')}")
    try:
        with np.errstate(over="ignore"):  # 1e99 is infinite as float32, and outside 0..1
            values = pd.read_csv(
                path, header=None, dtype=np.float32, skip_blank_lines=False, compression=None, quoting=csv.QUOTE_NONE
            ).to_numpy()
    except ValueError:  # pandas' own parser errors are ValueErrors, and so are undecodable bytes
        values = np.empty((0, 0), dtype=np.float32)
    x, label = values[:, :N_SAMPLES], values[:, N_SAMPLES:]
    inside = x.min(initial=0) >= 0 and x.max(initial=0) <= 1  # min and max hand NaN on
    if label.shape[1] != 1 or not inside or not np.isin(label, np.arange(n_classes)).all():
        _explain(path, n_classes)
        raise EcgError(f"{path}: not {N_COLUMNS} columns of numbers")
    return np.ascontiguousarray(x), label[:, 0].astype(np.int64)


def require_kaggle_csv(folder: Path, names: Sequence[str]) -> list[Path]:
    """Paths of the published files called `names`.

    Raises:
        EcgError: one is missing; the message says what is there and the ways on.
    """
    paths = [folder / name for name in names]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise EcgError(
            f"{folder}: {' and '.join(missing)} missing. {found_in(folder, '.csv', 'Kaggle files')} Put the files of "
            "kaggle.com/datasets/shayanfazeli/heartbeat there (`ecg kaggle-csv` rebuilds those of MIT-BIH), or choose "
            "data_dir= or dataset.source=physionet"
        )
    return paths


def write_kaggle_csv(path: Path, x: npt.NDArray[np.float32], y: npt.NDArray[np.int64]) -> None:
    """Write beats in the published number format (`%.18e`), whole or not at all.

    Args:
        path: the file to make or replace.
        x: beats, shape [beat, 187], 0..1.
        y: labels, shape [beat], integers from 0.

    Raises:
        ValueError: shapes or values that are not a heartbeat table.
        OSError: the folder cannot be written or the disk is full.
    """
    if x.ndim != 2 or x.shape[1] != N_SAMPLES or y.shape != x.shape[:1]:
        raise ValueError(f"x must be [beat, {N_SAMPLES}] and y [beat], not {x.shape} and {y.shape}")
    if not ((x >= 0) & (x <= 1)).all() or (y < 0).any():
        raise ValueError("samples must be within 0..1 and labels not negative")
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        for start in range(0, len(x), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            _write_rows(stream, np.column_stack([x[rows].astype(np.float32), y[rows].astype(np.float32)]))


def _write_rows(stream: BinaryIO, table: npt.NDArray[np.float32]) -> None:
    """Format each distinct number once: every number takes 24 characters, so a row is a row of fixed cells."""
    distinct, where = np.unique(table + np.float32(0), return_inverse=True)  # + 0 turns -0 into 0
    cells = np.array([b"%.18e," % float(value) for value in distinct], dtype=f"S{_CELL}")
    text = cells[where.reshape(table.shape)].view("S1").reshape(len(table), -1)
    text[:, -1] = b"\n"
    stream.write(text.tobytes())


def _explain(path: Path, n_classes: int) -> None:
    """Find the first line that is wrong and say what is; slow, and only for files that are refused."""
    if not path.stat().st_size:
        raise EcgError(f"{path}: the file is empty")
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            problem = _problem(line.rstrip("\r\n"), n_classes)
            if problem and number == 1 and _is_header(line):
                problem = f"a header line ({line[:40].strip()}...); these files have none: delete it"
            if problem:
                raise EcgError(f"{path}, line {number}: {problem}")


def _problem(line: str, n_classes: int) -> str | None:
    """What is wrong with one line, columns counted from 1; None if nothing is."""
    fields = [field.strip() for field in line.split(",")]
    if fields == [""]:
        return "the line is empty"
    for column, field in enumerate(fields[:N_COLUMNS], start=1):
        value = _number(field)
        if not field:
            return f"column {column} is empty"
        if value is None:
            return f"column {column} is not a number: {field[:40]!r}"
        if np.isnan(value):
            return f"column {column} is NaN"
        if column < N_COLUMNS and not 0 <= value <= 1:
            return f"column {column}: sample {field} is outside 0..1"
        if column == len(fields) == N_COLUMNS and value not in range(n_classes):
            return f"column {column}: label {field} is not a whole number in 0..{n_classes - 1}"
    if len(fields) != N_COLUMNS:
        return f"{len(fields)} columns, expected {N_COLUMNS}: {N_SAMPLES} samples and the label"
    return None


def _number(field: str) -> float | None:
    try:
        with np.errstate(over="ignore"):
            return float(np.float32(float(field)))
    except ValueError:
        return None


def _is_header(line: str) -> bool:
    """Whether no field of a line is a number."""
    fields = [name for name in (field.strip().strip('"') for field in line.split(",")) if name]
    # Column names made by writing with pandas are the columns' positions.
    return bool(fields) and (all(_number(f) is None for f in fields) or fields == [str(i) for i in range(len(fields))])
