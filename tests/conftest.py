"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, here and in the commands that tests start
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def ecg_data() -> Path:
    """The folder with mitdb/, ptbdb/, ptb-xl/ and kaggle/ that ECG_DATA names; the test is skipped without it."""
    named = os.environ.get("ECG_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("ECG_DATA does not name a folder with real recordings")
    return Path(named)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`ecg` with some words, in this process: what it says; its exit code must be `code`."""
    from ecg.commands import app

    def run(*words: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["ecg", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as end:
            app()
        said = "".join(capsys.readouterr())
        assert int(end.value.code or 0) == code, said
        return said

    return run
