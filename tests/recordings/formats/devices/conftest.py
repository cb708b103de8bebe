from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own

Read = Callable[..., OwnRecording]


@pytest.fixture
def read() -> Read:
    """Reads a file as `ecg predict` does."""

    def one(path: Path, **asked: object) -> OwnRecording:
        return read_own(find_inputs([path])[0], Asked(**asked))  # type: ignore[arg-type]

    return one
