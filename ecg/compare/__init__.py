"""Runs side by side: read from their folders, put into settings, and shown as tables, figures and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecg.compare.tables import job_table
from ecg.runs.find import find_runs
from ecg.runs.run import Run

if TYPE_CHECKING:
    from ecg.compare.files import Comparison
    from ecg.compare.pipeline import compare

__all__ = ["Comparison", "Run", "compare", "find_runs", "job_table"]


def __getattr__(name: str) -> Any:
    """Load what draws figures when it is asked for; the table of jobs, with which every sweep ends, does without."""
    if name in ("Comparison", "compare"):
        from ecg.compare import files, pipeline

        return getattr(files if name == "Comparison" else pipeline, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
