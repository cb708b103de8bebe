"""Simulated recordings as WFDB files, each there whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

import ecg
from ecg.atomic import whole_text
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.progress import track

Samples = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.str_]
Simulate = Callable[[int], tuple[Samples, list[str], tuple[Samples, Symbols] | None]]


def write_all(
    folder: Path, pattern: str, patients: int, seed: int, recorder: Mapping[str, object], simulate: Simulate
) -> list[str]:
    """Write .dat, .hea and, with annotations, .atr of every record, and the RECORDS file, one name a line.

    Args:
        folder: made if missing.
        pattern: names of the records, with their folder and a place for the patient's number.
        patients: how many.
        seed: start of the random numbers.
        recorder: how numbers are stored, by the names that WFDB has for it: `fs`, and lists with a value for each lead.
        simulate: makes the record of a number: samples of shape [lead, time] in ADU, lines of the header, and samples
            and symbols of the beats, each of shape [beat], or None; the rhythm mark `+` is put before them.

    Returns:
        The names.

    Raises:
        EcgError: an argument is out of range, or `folder` is a file.
    """
    in_range("patients", patients, 1, 1000)
    in_range("seed", seed, 0)
    if folder.exists() and not folder.is_dir():
        raise EcgError(f"folder={folder}: is a file; give a folder, it is made if missing")
    names = [pattern.format(index) for index in range(patients)]
    for index, path in enumerate(track([folder / name for name in names], "simulating recordings")):
        digital, comments, beats = simulate(index)
        origin = f"simulated by ecg {ecg.__version__}, McSharry et al. 2003, seed {seed}, patient {index}"
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
            _record(path.name, digital, recorder, [*comments, origin]).wrsamp(write_dir=temporary)
            if beats is not None:
                _write_annotations(temporary, path.name, *beats)
            for file in sorted(Path(temporary).iterdir()):  # the header last: a header means that the rest is there
                file.replace(path.parent / file.name)
    whole_text(folder / "RECORDS", "".join(f"{name}\n" for name in names))
    return names


def _record(name: str, digital: Samples, recorder: Mapping[str, object], comments: list[str]) -> wfdb.Record:
    """The record as wfdb wants it; `wfdb.wrsamp` alone cannot set resolution and zero of the converter."""
    size = dict(zip(("n_sig", "sig_len"), digital.shape, strict=True))
    record = wfdb.Record(record_name=name, d_signal=digital.T, comments=comments, **size, **recorder)
    record.set_d_features()
    record.set_defaults()
    return record


def _write_annotations(folder: str, name: str, sample: Samples, symbol: Symbols) -> None:
    """Write the .atr file, opened like those of MIT-BIH by the rhythm: `(P` for paced, `(N` for sinus."""
    rhythm = "(P\x00" if np.mean(symbol == "/") > 0.5 else "(N\x00"
    samples = np.concatenate([[max(int(sample[0]) // 4, 1)], sample])
    notes = [rhythm, *[""] * len(sample)]
    wfdb.wrann(name, "atr", samples, symbol=["+", *symbol.tolist()], aux_note=notes, write_dir=folder)
