"""A `Beats` table as one file that is read as it is used: neither writing nor reading holds all beats in memory."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from ecg.beats.table import Beats
from ecg.disk_cache import CHECKSUM_BYTES, summed_file

TEXT = ("record", "patient", "database", "lead", "symbol")
ALIGNED = 64
"""Columns begin at a multiple of so many bytes, so that a processor reads them as they lie."""
IN_MEMORY = 64 * 2**20
"""Bytes of a column that wait in memory until all parts are there; more wait in a temporary file."""
_AT_ONCE = 2**20
_INPUT = "input:"
_LENGTH_BYTES = 8

Column = npt.NDArray[Any]


class BeatsWriter:
    """Collects a table part by part; text as numbers of words until all words are known.

    Attributes:
        beats: number so far.
        nbytes: of the inputs so far.
    """

    def __init__(self, spare: Path, stack: ExitStack) -> None:
        self._spare, self._stack = spare, stack
        self._waiting: dict[str, IO[bytes]] = {}
        self._kind: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}
        self._words: dict[str, dict[str, int]] = {name: {} for name in TEXT}
        self.beats = self.nbytes = 0

    def add(self, part: Beats) -> None:
        """Put beats behind those that are there, with the same inputs."""
        columns: dict[str, Column] = dict(part.columns)
        columns |= {f"{_INPUT}{name}": values for name, values in part.inputs.items()}
        if self._kind and set(columns) != set(self._kind):
            raise ValueError(f"parts of one table need the same inputs, got {sorted(columns)} and {sorted(self._kind)}")
        for name, given in columns.items():
            values = self._numbers(name, given) if name in TEXT else np.ascontiguousarray(given)
            kind = (values.dtype, values.shape[1:])
            if self._kind.setdefault(name, kind) != kind:
                raise ValueError(f"parts of one table need {name} of one kind, got {kind} and {self._kind[name]}")
            if name not in self._waiting:
                waiting = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._spare))  # noqa: SIM115
                self._waiting[name] = cast(IO[bytes], self._stack.enter_context(waiting))
            self._waiting[name].write(values.data)
        self.beats += len(part)
        self.nbytes += sum(values.nbytes for values in part.inputs.values())

    def _numbers(self, name: str, values: Column) -> Column:
        words = self._words[name]
        own, member = np.unique(values, return_inverse=True)
        number = [words.setdefault(str(word), len(words)) for word in own]
        return np.array(number, dtype=np.int32)[member.reshape(-1)]

    def write(self, path: Path, facts: Mapping[str, object]) -> None:
        """Write all to `path`: columns, then where each begins as JSON, and the length of that.

        Raises:
            OSError: the folder cannot be written or the disk is full; nothing is left behind.
        """
        if not self._kind:
            raise ValueError("a table needs a part")
        places: dict[str, dict[str, object]] = {}
        with summed_file(path) as handle:
            at = 0
            for name, waiting in self._waiting.items():
                padding = -at % ALIGNED
                handle.write(bytes(padding))
                at += padding
                dtype, shape = self._kind[name]
                waiting.seek(0)
                if name in TEXT:
                    words = np.array(list(self._words[name]) or [""])
                    dtype = words.dtype
                    while piece := waiting.read(_AT_ONCE):
                        handle.write(words[np.frombuffer(piece, dtype=np.int32)].data)
                else:
                    shutil.copyfileobj(waiting, handle, _AT_ONCE)
                places[name] = {"dtype": dtype.str, "shape": [self.beats, *shape], "at": at}
                at += self.beats * int(np.prod(shape)) * dtype.itemsize
            footer = json.dumps({"columns": places, "facts": facts}).encode()
            handle.write(footer + len(footer).to_bytes(_LENGTH_BYTES, "little"))


@contextmanager
def beats_writer(spare: Path) -> Iterator[BeatsWriter]:
    """What collects a table; `spare` is the folder for what waits outside of memory, and is empty of it afterwards."""
    with ExitStack() as stack:
        yield BeatsWriter(spare, stack)


def load_beats(path: Path) -> tuple[Beats, dict[str, object]] | None:
    """The table and the facts in an undamaged file; None where it is gone, or of another layout.

    All is read from the disk as it is used. Inputs cannot be changed; changing another column changes no file.
    """
    try:
        with path.open("rb") as handle:
            handle.seek(-CHECKSUM_BYTES - _LENGTH_BYTES, 2)
            length = int.from_bytes(handle.read(_LENGTH_BYTES), "little")
            handle.seek(-CHECKSUM_BYTES - _LENGTH_BYTES - length, 2)
            told = json.loads(handle.read(length))
        found = {name: _mapped(path, name, **place) for name, place in told["columns"].items()}
        columns = {one.name: found.pop(one.name) for one in fields(Beats) if one.name != "inputs"}
    except (FileNotFoundError, KeyError):  # another process has removed it; another layout
        return None
    return Beats(inputs={name.removeprefix(_INPUT): values for name, values in found.items()}, **columns), told["facts"]


def _mapped(path: Path, name: str, dtype: str, shape: list[int], at: int) -> Column:
    if 0 in shape:
        return np.zeros(tuple(shape), dtype=dtype)
    # a private copy of what may be longer than memory would have to fit into it, by the rules of some systems
    mode: Literal["r", "c"] = "r" if name.startswith(_INPUT) else "c"
    return np.asarray(np.memmap(path, dtype=dtype, mode=mode, offset=at, shape=tuple(shape)))
