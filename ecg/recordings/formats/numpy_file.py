"""One lead of a NumPy file: an array [time] or [lead, time]."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.units import from_values

RATE_NAMES = ("fs", "sampling_rate", "sampling_frequency", "sample_rate", "hz")
"""What a sampling rate is called in files, in lower case."""
_SIGNAL_NAMES = ("signal", "signals", "ecg", "x", "data")
_LEAD_NAMES = ("leads", "lead", "lead_names", "names")
_MOST_LEADS = 64


def read_numpy(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead.

    An .npz file may hold `fs` and `leads` beside its signal (called `signal`, `ecg`, `x` or `data`, or the only array
    of numbers). Leads without names are called `lead 1`, `lead 2` and so on.

    Args:
        source: the file.
        asked: lead, rate in Hz and unit, where the file does not say them.

    Raises:
        EcgError: damaged, no array of numbers in it, no such lead, no sampling rate.
    """
    path = source.path
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        arrays = stored.items() if isinstance(stored, np.lib.npyio.NpzFile) else [("signal", stored)]
        named = {name.lower(): np.asarray(array) for name, array in arrays}
    except (OSError, ValueError, EOFError, KeyError) as error:
        why = "pickled objects are not read" if "pickle" in str(error).lower() else " ".join(str(error).split())
        raise EcgError(f"{path}: damaged or no NumPy file of numbers ({why})") from None
    signal, notes = _oriented(path, _signal(path, named))
    leads = _leads(path, named, len(signal))
    rate = next((float(named[n].reshape(-1)[0]) for n in RATE_NAMES if n in named and named[n].size), None)
    fs, said = asked.rate(path, rate or None, "an .npz may hold it as fs")
    lead, more = choose_lead(str(path), leads, asked)
    if signal.shape[1] == 0:
        raise EcgError(f"{path}: holds no samples")
    values = np.array(signal[lead], dtype=np.float64)
    return from_values(source, leads, lead, values, fs, asked.unit, (*notes, *said, *more))


def _signal(path: Path, named: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    called = [name for name in _SIGNAL_NAMES if name in named]
    numbers = [name for name, array in named.items() if array.ndim in (1, 2) and array.dtype.kind in "iuf"]
    if called or len(numbers) == 1:
        return named[(called or numbers)[0]]
    raise EcgError(f"{path}: which array is the signal? It has {', '.join(named) or 'none'}; call it `signal`")


def _oriented(path: Path, array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """The array as [lead, time]."""
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2):
        what = f"an array of {array.dtype}, shape {array.shape}"
        raise EcgError(f"{path}: {what}; needed are numbers, [time] or [lead, time]")
    if array.ndim == 1:
        return array[None], ()
    if len(array) > _MOST_LEADS >= array.shape[1]:
        return array.T, (f"The array of shape {array.shape} is taken as [time, lead].",)
    return array, ()


def _leads(path: Path, named: Mapping[str, npt.NDArray[Any]], count: int) -> tuple[str, ...]:
    for name in _LEAD_NAMES:
        if name in named:
            leads = tuple(str(lead) for lead in named[name].reshape(-1))
            if len(leads) != count:
                raise EcgError(f"{path}: {name} names {len(leads)} leads, but the signal has {count}")
            return leads
    return tuple(f"lead {i + 1}" for i in range(count))
