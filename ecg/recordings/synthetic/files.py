"""Simulated recordings as WFDB files, each there whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

import ecg
from ecg.atomic import whole_file
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.progress import track

Samples = npt.NDArray[np.int64]
Beats = tuple[Samples, npt.NDArray[np.str_]]
Signals = tuple[Samples, list[str], Beats | None]


@dataclass(frozen=True)
class Recorder:
    """How numbers are stored.

    Attributes:
        fs: sampling rate in Hz.
        leads: lead names.
        channel: what is the same for all leads, as WFDB calls it: format, gain, bits and zero of the converter.
    """

    fs: float
    leads: tuple[str, ...]
    channel: Mapping[str, object]


def check(folder: Path, patients: int, seed: int) -> None:
    """Refuse what cannot be simulated.

    Raises:
        EcgError: names the argument and its valid range.
    """
    in_range("patients", patients, 1, 1000)
    in_range("seed", seed, 0)
    if folder.exists() and not folder.is_dir():
        raise EcgError(f"folder={folder}: is a file; give a folder, it is made if missing")


def origin(seed: int, index: int) -> str:
    """The header line that says where the signal comes from."""
    return f"simulated by ecg {ecg.__version__}, McSharry et al. 2003, seed {seed}, patient {index}"


def write_all(
    folder: Path, names: list[str], doing: str, recorder: Recorder, simulate: Callable[[int], Signals]
) -> list[str]:
    """Write .dat, .hea and, with annotations, .atr of every record, and the RECORDS file, one name a line.

    Args:
        folder: made if missing.
        names: of the records, with their folder.
        doing: shown beside the progress bar.
        recorder: how numbers are stored.
        simulate: makes the record of a number: samples of shape [lead, time] in ADU, lines of the header, and samples
            and symbols of the beats, each of shape [beat], or None; the rhythm mark `+` is put before them.

    Returns:
        The names.
    """
    for index, path in enumerate(track([folder / name for name in names], doing)):
        digital, comments, beats = simulate(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
            _record(path.name, digital, recorder, comments).wrsamp(write_dir=temporary)
            if beats is not None:
                _write_annotations(temporary, path.name, *beats)
            for file in sorted(Path(temporary).iterdir()):  # the header last: a header means that the rest is there
                file.replace(path.parent / file.name)
    with whole_file(folder / "RECORDS") as records:
        records.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return names


def _record(name: str, digital: Samples, recorder: Recorder, comments: list[str]) -> wfdb.Record:
    """The record as wfdb wants it; `wfdb.wrsamp` alone cannot set resolution and zero of the converter."""
    n = len(recorder.leads)
    record = wfdb.Record(
        record_name=name,
        n_sig=n,
        fs=recorder.fs,
        sig_len=digital.shape[1],
        d_signal=digital.T,
        sig_name=list(recorder.leads),
        comments=comments,
        **{field: [value] * n for field, value in recorder.channel.items()},
    )
    record.set_d_features()
    record.set_defaults()
    return record


def _write_annotations(folder: str, name: str, sample: Samples, symbol: npt.NDArray[np.str_]) -> None:
    """Write the .atr file, opened like those of MIT-BIH by the rhythm: `(P` for paced, `(N` for sinus."""
    rhythm = "(P\x00" if np.mean(symbol == "/") > 0.5 else "(N\x00"
    start = max(int(sample[0]) // 4, 1)
    wfdb.wrann(
        name,
        "atr",
        np.concatenate([[start], sample]),
        symbol=["+", *symbol.tolist()],
        aux_note=[rhythm, *[""] * len(sample)],
        write_dir=folder,
    )
