"""Small WFDB records with headers as they are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import wfdb

from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own

FS, N = 360, 3600


def samples(n: int = N) -> np.ndarray:
    """In ADU."""
    return np.rint(200 * np.sin(np.arange(n) / 40)).astype(np.int64)


def record(folder: Path, header: str, digital: np.ndarray | None = None, name: str = "r") -> Path:
    """A record in format 16 with these lines of a header."""
    (samples() if digital is None else digital).astype("<i2").tofile(folder / f"{name}.dat")
    path = folder / f"{name}.hea"
    path.write_bytes(header.encode("latin-1"))
    return path


def packed(folder: Path, form: str, digital: np.ndarray, name: str) -> Path:
    """A record `r` of one lead in any format; wfdb writes all but 310 and 311."""
    header = folder / "r.hea"
    if form in ("310", "311"):
        a, b, c = (digital.reshape(-1, 3) & 1023).T
        halves = (a << 1 | (c & 31) << 11, b << 1 | c >> 5 << 11)  # 310: signal(5) of the WFDB applications guide
        words = np.stack(halves, axis=1).astype("<u2") if form == "310" else (a | b << 10 | c << 20).astype("<u4")
        words.tofile(folder / "r.dat")
        header.write_text(f"r 1 {FS} {len(digital)}\nr.dat {form} 200/mV 10 0 0 0 0 {name}\n")
        return header
    how = {"fmt": [form], "adc_gain": [200.0], "baseline": [0], "units": ["mV"], "sig_name": ["x"]}
    wfdb.wrsamp("r", fs=FS, d_signal=digital[:, None], write_dir=str(folder), **how)
    header.write_text(header.read_text().rstrip().removesuffix("x").rstrip() + f" {name}\n")
    return header


def read(path: Path, **asked: object) -> OwnRecording:
    return read_own(find_inputs([path])[0], Asked(**asked))  # type: ignore[arg-type]


def noted(own: OwnRecording, *words: str) -> bool:
    """Whether one of the notes has all of these words."""
    return any(all(word in note for word in words) for note in own.notes)
