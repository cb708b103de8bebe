"""Freed memory stays with the process."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from ecg.training.processor import keep_freed_memory

FAULTS = """
import resource, sys, torch
from ecg.training.processor import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    [torch.ones(6_000_000) for _ in range(6)]  # 24 MB each, all freed at the end
for _ in range(5):  # until the heap has its size
    step()
before = faults()
step()
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_pages_are_not_asked_for_again() -> None:
    at_once = {
        "MALLOC_TRIM_THRESHOLD_": "131072",
        "MALLOC_MMAP_THRESHOLD_": "131072",
    }  # glibc's first values, and fixed
    given_back, kept = (
        int(subprocess.check_output([sys.executable, "-c", FAULTS, how], text=True, env={**os.environ, **at_once}))
        for how in ("default", "keep")
    )
    assert kept < 1000
    assert given_back > 10_000


def test_elsewhere_it_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert keep_freed_memory() is False
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())  # musl has no mallopt
    assert keep_freed_memory() is False
