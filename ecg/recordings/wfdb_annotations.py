"""Annotation files of WFDB records: annot(5) of the WFDB applications guide.

The wfdb package loops for ever on some notes and takes a rate from the header beside the file for the file's own; hence
a parser of our own. https://physionet.org/physiotools/wag/annot-5.htm
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.messages import failing
from ecg.recordings.recording import Annotations, Recording

_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63  # codes that are no marks but belong to one
_NOTE = 22
_LONGEST = 1023
"""Samples from mark to mark that fit into one word."""
_RATE = re.compile(r"## time resolution: (\d+\.?\d*)")
_CODE = re.compile(r"(\d+) (\S+)(?: .*)?")


def require_annotations(recording: Recording, annotator: str = "atr") -> Annotations:
    """The recording's annotations, for callers that cannot work without.

    Raises:
        EcgError: there is no annotation file, or it marks no beat.
    """
    file = f"{recording.record}.{annotator}"
    if recording.annotations is None:
        raise EcgError(f"record {recording.record} has no annotations: {file} is not beside its header")
    if not recording.annotations.beats.any():
        raise EcgError(f"record {recording.record}: {file} marks no beats ({len(recording.annotations)} annotations)")
    return recording.annotations


def annotations_at(file: Path, frames: float, fs: float, n_samples: int) -> Annotations:
    """The marks of an annotation file, in samples of a signal.

    Args:
        file: which must exist.
        frames: frames per second of the record, at which a file counts time that does not say otherwise.
        fs: sampling rate of the signal in Hz.
        n_samples: its length.

    Raises:
        EcgError: damaged, or a mark beyond the end. One at the very end counts as the last sample's, as in svdb 860.
    """
    found, counted_at = read_annotations(file)
    sample = found.sample
    if (rate := counted_at or frames) != fs:
        sample = np.rint(sample * (fs / rate)).astype(np.int64)
    sample = np.where(sample == n_samples, n_samples - 1, sample)
    if len(sample) and sample[-1] >= n_samples:
        raise EcgError(f"{file}: an annotation at sample {sample[-1]}, but the record ends at {n_samples}")
    return Annotations(sample=sample, symbol=found.symbol, note=found.note)


def read_annotations(file: Path) -> tuple[Annotations, float | None]:
    """The marks of an annotation file `<record>.<annotator>`, and the rate in Hz that it counts time at, if it says it.

    Raises:
        EcgError: it is missing, cut off or damaged.
    """
    if not file.is_file():
        raise EcgError(f"{file} does not exist")
    content = file.read_bytes()
    if len(content) % 2 or content[-2:] != b"\0\0":  # pairs of bytes; a pair of zeros closes the list
        raise EcgError(f"{file}: damaged or cut off: a WFDB annotation file ends in two zero bytes")
    with failing(f"{file}: damaged: not readable as WFDB annotations"):
        all_marks = _marks(np.frombuffer(content, dtype="<u2").tolist())
    # at time 0 a file says how it counts and what its own codes mean; code 0 is no annotation
    said = [note for time, code, note in all_marks if time == 0 and code == _NOTE]
    marks = [(time, code, note) for time, code, note in all_marks if code and not (time == 0 and code == _NOTE)]
    rate = next((float(found[1]) for note in said if (found := _RATE.match(note))), None)
    symbols = _symbols() | {int(own[1]): own[2] for note in said if (own := _CODE.fullmatch(note))}
    if unknown := sorted({code for _, code, _ in marks} - set(symbols)):
        codes = ", ".join(map(str, unknown))
        raise EcgError(f"{file}: damaged: it holds annotation codes that do not exist ({codes})")
    sample = np.array([time for time, _, _ in marks], dtype=np.int64)
    if len(sample) and (sample[0] < 0 or (np.diff(sample) < 0).any()):
        raise EcgError(f"{file}: damaged: its annotations are not in time order")
    symbol = np.array([symbols[code] for _, code, _ in marks], dtype=np.str_)
    return Annotations(sample, symbol, np.array([note for _, _, note in marks], dtype=np.str_)), rate


def _marks(words: list[int]) -> list[tuple[int, int, str]]:
    """Time, code and note of each annotation; a word is 6 bits of code and 10 bits of time since the one before."""
    marks: list[tuple[int, int, str]] = []
    time = at = 0
    while words[at]:
        code, value = words[at] >> 10, words[at] & 1023
        at += 1
        if code == _SKIP:  # 4 bytes of time, the upper half first
            step = (words[at] << 16) + words[at + 1]
            time += step - 2**32 if step >= 2**31 else step
            at += 2
        elif code == _AUX:
            stop = at + (value + 1) // 2
            note = b"".join(word.to_bytes(2, "little") for word in words[at:stop])[:value]
            marks[-1] = (*marks[-1][:2], note.decode("latin-1").rstrip("\0"))
            at = stop
        elif code not in (_NUM, _SUB, _CHN):
            time += value
            marks.append((time, code, ""))
    return marks


@cache
def _symbols() -> dict[int, str]:
    """Symbol of each code."""
    from wfdb.io.annotation import ann_labels

    return {label.label_store: label.symbol for label in ann_labels if label.label_store}


def annotation_bytes(marks: Annotations, fs: float) -> bytes:
    """The content of an annotation file, as the wfdb package writes it, in a tenth of the time.

    Args:
        marks: in time order; an empty note is none.
        fs: sampling rate in Hz, which the file then says.

    Raises:
        KeyError: a symbol that WFDB does not have.
    """
    code = {symbol: number for number, symbol in _symbols().items()}
    said = f"## time resolution: {fs:g}" if float(fs).is_integer() else f"## time resolution: {fs}"
    parts = [_word(_NOTE, 0), _note(said), _skip(-1), _word(0, 1)]
    notes = [""] * len(marks) if marks.note is None else marks.note.tolist()
    last = 0
    for sample, symbol, note in zip(marks.sample.tolist(), marks.symbol.tolist(), notes, strict=True):
        step, last = sample - last, sample
        if step > _LONGEST:
            parts.append(_skip(step))
            step = 0
        parts.append(_word(code[symbol], step))
        if note:
            parts.append(_note(note))
    return b"".join([*parts, b"\0\0"])


def _word(code: int, value: int) -> bytes:
    return (code << 10 | value).to_bytes(2, "little")


def _skip(step: int) -> bytes:
    whole = step % 2**32
    return _word(_SKIP, 0) + (whole >> 16).to_bytes(2, "little") + (whole & 0xFFFF).to_bytes(2, "little")


def _note(text: str) -> bytes:
    content = text.encode("latin-1", errors="replace")[:255]
    return _word(_AUX, len(content)) + content + b"\0" * (len(content) % 2)
