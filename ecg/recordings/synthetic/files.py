"""Simulated recordings as WFDB files, each there whole or not at all."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

import ecg
from ecg.atomic import whole_file
from ecg.errors import EcgError


@dataclass(frozen=True)
class Format:
    """How numbers are stored.

    Attributes:
        fs: sampling rate in Hz.
        leads: lead names.
        fmt: WFDB format, `212` or `16`.
        gain: ADU per mV.
        resolution: bits of the converter.
        zero: ADU value of 0 mV.
    """

    fs: float
    leads: tuple[str, ...]
    fmt: str
    gain: float
    resolution: int
    zero: int


def check(folder: Path, patients: int, seed: int) -> None:
    """Refuse what cannot be simulated.

    Raises:
        EcgError: names the argument and its valid range.
    """
    if not 1 <= patients <= 1000:
        raise EcgError(f"patients={patients}: must be from 1 to 1000")
    if seed < 0:
        raise EcgError(f"seed={seed}: must be 0 or more")
    if folder.exists() and not folder.is_dir():
        raise EcgError(f"folder={folder}: is a file; give a folder, it is made if missing")


def origin(seed: int, index: int) -> str:
    """The header line that says where the signal comes from."""
    return f"simulated by ecg {ecg.__version__}, McSharry et al. 2003, seed {seed}, patient {index}"


def write_record(
    folder: Path,
    name: str,
    digital: npt.NDArray[np.int64],
    form: Format,
    comments: list[str],
    annotations: tuple[npt.NDArray[np.int64], npt.NDArray[np.str_]] | None = None,
) -> None:
    """Write `name`.dat, .hea and, with annotations, .atr.

    Args:
        folder: made if missing.
        name: of the record.
        digital: shape [lead, time], ADU.
        form: how numbers are stored.
        comments: lines of the header.
        annotations: samples and symbols, each of shape [beat]; the rhythm mark `+` is put before them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}.") as temporary:
        _record(name, digital, form, comments).wrsamp(write_dir=temporary)
        endings = ["dat", "hea"]
        if annotations is not None:
            _write_annotations(temporary, name, *annotations)
            endings.insert(0, "atr")
        for ending in endings:  # the header last: a header means that the rest is there
            (Path(temporary) / f"{name}.{ending}").replace(folder / f"{name}.{ending}")


def write_list(folder: Path, names: list[str]) -> None:
    """Write the RECORDS file, one name a line."""
    with whole_file(folder / "RECORDS") as path:
        path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _record(name: str, digital: npt.NDArray[np.int64], form: Format, comments: list[str]) -> wfdb.Record:
    """The record as wfdb wants it; `wfdb.wrsamp` alone cannot set resolution and zero of the converter."""
    n = len(form.leads)
    record = wfdb.Record(
        record_name=name,
        n_sig=n,
        fs=form.fs,
        sig_len=digital.shape[1],
        d_signal=digital.T,
        fmt=[form.fmt] * n,
        adc_gain=[form.gain] * n,
        baseline=[form.zero] * n,
        adc_res=[form.resolution] * n,
        adc_zero=[form.zero] * n,
        units=["mV"] * n,
        sig_name=list(form.leads),
        comments=comments,
    )
    record.set_d_features()
    record.set_defaults()
    return record


def _write_annotations(folder: str, name: str, sample: npt.NDArray[np.int64], symbol: npt.NDArray[np.str_]) -> None:
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
