"""The ECG that these tests write into files, and how they read it back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ecg.errors import EcgError
from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own

FS = 250.0
SECONDS = 8
Values = npt.NDArray[np.float64]


def signal(fs: float = FS, seconds: float = SECONDS) -> Values:
    """A pulse a second on a slow wave, in mV with three decimals."""
    t = np.arange(round(seconds * fs)) / fs
    return np.asarray(np.round(1.2 * np.exp(-(((t % 1) - 0.5) ** 2) / 0.0005) + 0.2 * np.sin(t), 3))


def times(fs: float = FS, seconds: float = SECONDS) -> Values:
    """When its samples are, in s."""
    return np.asarray(np.arange(round(seconds * fs)) / fs)


def cells(values: Sequence[float] | Values, form: str = "{:.3f}", decimal: str = ".") -> list[str]:
    """Numbers as a file has them."""
    return [form.format(value).replace(".", decimal) for value in values]


def write(path: Path, header: str, *columns: Sequence[str], sep: str = ",", encoding: str = "utf-8") -> Path:
    """A text file: the header as it is, and a row for each sample."""
    rows = [sep.join(row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([*([header] if header else []), *rows]) + "\n", encoding=encoding)
    return path


def read(path: Path, **asked: object) -> OwnRecording:
    """The recording of one file."""
    return read_own(find_inputs([path])[0], Asked(**asked))  # type: ignore[arg-type]


def assert_read(path: Path, named: str, factor: float = 1.0, **asked: object) -> OwnRecording:
    """Read it, with the right rate, length, lead and values, which are `factor` times those of the signal."""
    own = read(path, **asked)
    assert own.recording.fs == FS
    assert own.recording.leads == (named,)
    np.testing.assert_allclose(own.recording.millivolts(0), factor * signal(), atol=2e-6 * max(factor, 1))
    assert not len(own.gaps)
    return own


def refused(path: Path, *words: str, **asked: object) -> str:
    """What one line says of a file that is not read: its name, and these words."""
    with pytest.raises(EcgError) as told:
        read(path, **asked)
    message = str(told.value)
    assert "\n" not in message
    for word in (path.name, *words):
        assert word in message
    return message
