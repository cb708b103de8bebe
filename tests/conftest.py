"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def ecg_data() -> Path:
    """The folder with mitdb/, ptbdb/, ptb-xl/ and kaggle/ that ECG_DATA names; the test is skipped without it."""
    named = os.environ.get("ECG_DATA")
    if not named or not Path(named).is_dir():
        pytest.skip("ECG_DATA does not name a folder with real recordings")
    return Path(named)
