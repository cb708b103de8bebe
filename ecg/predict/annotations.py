"""Annotation files in the WFDB format: written for our labels, read for anybody's."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.labels import AAMI_CLASSES, aami_labels
from ecg.errors import EcgError
from ecg.predict.scores import BeatList

ANNOTATOR = "ecg"
"""Ending of the annotation files written here."""
SYMBOLS: Mapping[str, str] = {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q"}
"""WFDB annotation symbol of each AAMI class. Labels of other tasks are written as `Q`, with the label in the note."""
UNLABELLED_SYMBOL = "?"
"""WFDB's LEARN, a beat that was not classified."""
_QRS = frozenset("NLRBAaJSVrFejnE/fQ?")  # the annotation codes that mark a QRS complex, WFDB's ecgcodes.h


def write_annotations(
    folder: Path, record: str, sample: npt.NDArray[np.int64], names: Sequence[str], fs: float
) -> None:
    """Write `<record>.ecg` into `folder`.

    Args:
        folder: exists.
        record: of letters, digits, `-` and `_`.
        sample: shape [beat], ascending, at the recording's own rate.
        names: label of each beat, `-` for none.
        fs: that rate in Hz; it is noted in the file, so that it can be read without a header.
    """
    import wfdb

    known = {**SYMBOLS, "-": UNLABELLED_SYMBOL}
    notes = None if set(names) <= set(known) else ["" if name == "-" else name for name in names]
    symbols = [known.get(name, "Q") for name in names]
    wfdb.wrann(record, ANNOTATOR, sample, symbol=symbols, aux_note=notes, fs=fs, write_dir=str(folder))


def read_beats(file: Path, fs: float | None = None) -> tuple[BeatList, float | None]:
    """Beats of an annotation file, in samples at its own rate, and that rate in Hz if it says it.

    Args:
        file: `<record>.<annotator>`.
        fs: the rate that the record's header says, in Hz.

    Raises:
        EcgError: missing or damaged.
    """
    import wfdb

    if not file.is_file():
        raise EcgError(f"{file} does not exist")
    content = file.read_bytes()
    if len(content) % 2 or content[-2:] != b"\0\0":  # pairs of bytes; a pair of zeros closes the list
        raise EcgError(f"{file}: damaged or cut off: a WFDB annotation file ends in two zero bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = wfdb.rdann(str(file.with_suffix("")), file.suffix[1:])
        sample, symbol = np.asarray(read.sample, dtype=np.int64), np.asarray(read.symbol, dtype=np.str_)
    except Exception as error:  # wfdb lets whatever its parser trips over escape
        raise EcgError(f"{file}: not readable as WFDB annotations ({type(error).__name__}: {error})") from error
    if (np.diff(sample) < 0).any():
        raise EcgError(f"{file}: damaged: its annotations are not in time order")
    return beat_list(sample, symbol), fs or (float(read.fs) if read.fs else None)


def beat_list(sample: npt.NDArray[np.int64], symbol: npt.NDArray[np.str_]) -> BeatList:
    """The beats among annotations, with AAMI classes, and the episodes of flutter."""
    beats = np.isin(symbol, list(_QRS))
    end = int(sample[-1]) + 1 if len(sample) else 0
    starts = sample[symbol == "["]
    stops = [int(next(iter(sample[(symbol == "]") & (sample > start)]), end)) for start in starts]
    flutter = np.stack([starts, np.array(stops, dtype=np.int64)], axis=1)
    return BeatList(sample[beats], aami_labels(symbol[beats]), flutter)


def class_numbers(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """AAMI number of each label, -1 for `-` and labels of other tasks."""
    number = {name: i for i, name in enumerate(AAMI_CLASSES)}
    return np.array([number.get(str(name), -1) for name in names], dtype=np.int64)
