"""EDF and BDF files byte by byte, with headers and time stamps that no library would write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

FS = 200
_TAL = 24  # samples of annotations in each record


def signal(seconds: int) -> np.ndarray:
    """In uV; no two seconds are the same."""
    t = np.arange(seconds * FS)
    return np.rint(500 * np.sin(t / 30) + t % 977).astype(np.int64)


def write(
    path: Path,
    digital: np.ndarray,
    onsets: Sequence[float | None] | None = None,
    *,
    seconds: float = 1,
    reserved: str = "",
    promised: int | None = None,
    unit: str = "uV",
    label: str = "ECG",
    physical: tuple[str, str] = ("-32768", "32767"),
    bdf: bool = False,
) -> Path:
    """One signal at `FS` Hz, 1 ADU to the unit unless `physical` says otherwise, in records of `seconds`.

    `onsets` are the time stamps of the records, None for a record without one; None writes no annotations.
    """
    kind, width = ("BDF", 3) if bdf else ("EDF", 2)
    size = round(seconds * FS)
    rows = digital.reshape(-1, size)
    count = 1 if onsets is None else 2
    limit = ("-8388608", "8388607") if bdf else ("-32768", "32767")
    physical = limit if bdf else physical
    main = [("BIOSEMI" if bdf else "0", 7 if bdf else 8), ("X X X X", 80), ("Startdate X X X X", 80), ("01.01.20", 8),
            ("10.00.00", 8), (256 * (1 + count), 8), (reserved, 44), (len(rows) if promised is None else promised, 8),
            (f"{seconds:g}", 8), (count, 4)]  # fmt: skip
    each = [(label, f"{kind} Annotations", 16), ("", "", 80), (unit, "", 8), (physical[0], -1, 8), (physical[1], 1, 8),
            (limit[0], limit[0], 8), (limit[1], limit[1], 8), ("", "", 80), (size, _TAL, 8), ("", "", 32)]  # fmt: skip
    head = (b"\xff" if bdf else b"") + b"".join(str(value).encode("latin-1").ljust(n) for value, n in main)
    head += b"".join(str(v).encode("latin-1").ljust(n) for *values, n in each for v in values[:count])
    body = []
    for i, row in enumerate(rows):
        body.append(row.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
        if onsets is not None:
            stamp = b"" if onsets[i] is None else f"+{onsets[i]:g}\x14\x14\0".encode()
            body.append(stamp.ljust(width * _TAL, b"\0"))
    path.write_bytes(head + b"".join(body))
    return path
