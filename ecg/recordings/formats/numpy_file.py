"""One lead of a NumPy file: an array [time] or [lead, time]."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.errors import EcgError
from ecg.recordings.formats.asked import Asked, OwnRecording, choose_lead
from ecg.recordings.formats.find import Input
from ecg.recordings.formats.no_signal import climbs_evenly
from ecg.recordings.formats.time_axis import Axis, Times
from ecg.recordings.formats.time_name import unit_of_time
from ecg.recordings.formats.units import from_values, named_unit

RATE_NAMES = (
    "fs",
    "sr",
    "srate",
    "sampling_rate",
    "sampling_frequency",
    "sample_rate",
    "samplerate",
    "hz",
    "freq",
    "sfreq",
)
"""What a sampling rate is called in files, in lower case."""
_SIGNAL_NAMES = ("signal", "signals", "ecg", "ekg", "p_signal", "data", "y", "x")
_NUMBERS = "iuf"  # kinds of numpy: whole numbers and floats
_BESIDE = ("time", "times", "t", "timestamp", "timestamps", "time_ms", "time_us", "time_ns", "x")
_LEAD_NAMES = ("leads", "lead", "lead_names", "sig_name", "names", "channels", "ch_names")
_UNIT_NAMES = ("unit", "units")
_MOST_LEADS = 64

Array = npt.NDArray[Any]
Named = Mapping[str, Array]


def read_numpy(source: Input, asked: Asked) -> OwnRecording:
    """Read the asked-for lead.

    An .npz file may hold `fs`, `leads`, `units` and `time` beside its signal, which is called `signal`, `ecg`, `data`,
    `y` or `x`, or is the only array of numbers; `x` beside another array of its length is the time. A structured array
    holds a lead in each field. Leads without names are called `lead 1`, `lead 2` and so on.

    Args:
        source: the file.
        asked: lead, rate in Hz and unit, where the file does not say them.

    Raises:
        EcgError: damaged, no array of numbers in it, no such lead, no sampling rate.
    """
    path = source.path
    named = _load(path)
    chosen = _signal(path, named)
    names = next((_texts(named[name]) for name in _LEAD_NAMES if name in named and name != chosen), ())
    signal, notes = _oriented(path, named[chosen], len(names))
    if signal.shape[1] == 0:
        raise EcgError(f"{path}: holds no samples")
    if names and len(names) != len(signal):
        raise EcgError(f"{path}: names {len(names)} leads, but the signal has {len(signal)}")
    leads = names or tuple(f"lead {i + 1}" for i in range(len(signal)))
    lead, more = choose_lead(str(path), leads, asked)
    units = next((_texts(named[name]) for name in _UNIT_NAMES if name in named), ())
    text = units[lead] if len(units) == len(leads) else units[0] if len(units) == 1 else ""
    unit, said = named_unit(path, leads[lead], text, asked.unit)
    axis = _axis(path, named, chosen, signal.shape[1], asked)
    fs, rated = (axis.fs, ()) if axis.fs else asked.rate(path, _rate(path, named), "an .npz may hold it as fs")
    values = np.array(signal[lead], dtype=np.float64)
    if axis.place is not None:
        spread = np.full(int(axis.place[-1]) + 1, np.nan)
        spread[axis.place] = values
        values = spread
    return from_values(source, leads, lead, values, fs, unit, (*notes, *more, *axis.notes, *rated, *said))


def _load(path: Path) -> dict[str, Array]:
    """All arrays of a file, by name in lower case; a structured one is a signal, its leads and perhaps its time."""
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if isinstance(stored, np.ndarray):
            named = {"signal": stored}
        else:
            with stored:
                named = {key.lower(): array for key in stored.files if (array := _array(stored, key)) is not None}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, MemoryError, SyntaxError) as error:
        said = str(error).lower()
        pickled = "pickle" in said or "python objects" in said
        why = "pickled objects are not read" if pickled else " ".join(str(error).split())
        raise EcgError(f"{path}: damaged or no NumPy file of numbers ({why})") from None
    for key in [key for key, array in named.items() if array.dtype.names]:
        named |= _fields(key, named[key].reshape(-1))
    return named


def _array(stored: Any, key: str) -> Array | None:
    """One array; None for one of objects, which is never read, unless it is called as a signal is."""
    try:
        return np.asarray(stored[key])
    except ValueError as error:
        if "pickle" in str(error).lower() and key.lower() not in _SIGNAL_NAMES and len(stored.files) > 1:
            return None
        raise


def _fields(key: str, array: Array) -> dict[str, Array]:
    """What a structured array holds: times, a rate, and all other numbers as leads under its own name."""
    columns = {str(name): array[name] for name in array.dtype.names or () if array[name].dtype.kind in _NUMBERS}
    beside = {name.lower(): column for name, column in columns.items() if name.lower() in (*_BESIDE, *RATE_NAMES)}
    leads = {name: column for name, column in columns.items() if name.lower() not in beside and column.ndim == 1}
    if not leads:
        return beside
    return {**beside, key: np.stack(list(leads.values())), "leads": np.array(list(leads))}


def _signal(path: Path, named: Named) -> str:
    """Name of the array that is the signal."""
    numbers = [name for name, array in named.items() if array.dtype.kind in _NUMBERS and array.size > 1]
    beside = [name for name in numbers if name != "x" and name not in (*_BESIDE, *RATE_NAMES)]
    partners = [name for name in beside if "x" in numbers and max(named[name].shape) == max(named["x"].shape)]
    called = [name for name in _SIGNAL_NAMES if name in named and (name != "x" or not partners)]
    if called and called[0] == "y" and "x" in called:
        called = ["x"]  # `y` is a label where it is not as long
    if called or len(partners or beside) == 1:
        only = (called or partners or beside)[0]
        if called or "x" not in numbers or climbs_evenly(named["x"]):
            return only
    raise EcgError(f"{path}: which array is the signal? It has {', '.join(named) or 'none'}; call it `signal`")


def _oriented(path: Path, array: Array, leads: int) -> tuple[Array, tuple[str, ...]]:
    """The array as [lead, time]; `leads` is how many names there are, or 0."""
    shape = array.shape
    if array.ndim > 2:
        array = array.squeeze()  # a batch of one
    if array.dtype.kind not in _NUMBERS or array.ndim not in (1, 2):
        raise EcgError(f"{path}: an array of {array.dtype}, shape {shape}; needed are numbers, [time] or [lead, time]")
    if array.ndim == 1:
        return array[None], ()
    count, length = array.shape
    if leads and leads in (count, length) and count != length:
        turned = leads == length
    elif min(count, length) > _MOST_LEADS:
        raise EcgError(f"{path}: an array of shape {shape}; which axis are the leads? Up to {_MOST_LEADS} are read")
    else:
        turned = count > _MOST_LEADS
    return (array.T, (f"The array of shape {shape} is taken as [time, lead].",)) if turned else (array, ())


def _axis(path: Path, named: Named, signal: str, length: int, asked: Asked) -> Axis:
    """What an array of times says, where the file names no rate."""
    if any(name in named for name in RATE_NAMES):
        return Axis(None)
    for name in _BESIDE:
        times = named.get(name, np.zeros(0)).reshape(-1)
        numbers = times.dtype.kind in _NUMBERS and len(times) == length
        if numbers and name != signal and (name != "x" or climbs_evenly(times)):
            return Times(path, name, unit_of_time(name), lambda row: row + 1).axis(pd.Series(times), asked)
    return Axis(None)


def _rate(path: Path, named: Named) -> float | None:
    """The rate in Hz that the file says, as a number or as text; None where it says 0 or nothing."""
    name = next((name for name in RATE_NAMES if name in named and named[name].size), None)
    if name is None:
        return None
    said = sorted(set(_texts(named[name])))
    try:
        rates = {float(re.sub(r"\s*(hz|hertz)$", "", text.strip(), flags=re.IGNORECASE)) for text in said}
    except ValueError:
        raise EcgError(f"{path}: {name} is {', '.join(said)[:60]!r}, and no sampling rate in Hz") from None
    if len(rates) > 1:
        raise EcgError(f"{path}: {name} says several sampling rates, {min(rates):g} to {max(rates):g} Hz")
    return rates.pop() or None


def _texts(array: Array) -> tuple[str, ...]:
    """The elements of an array as text, whether they are numbers, text or bytes."""
    flat = array.reshape(-1).tolist()
    return tuple(one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in flat)
