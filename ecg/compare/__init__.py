"""Runs side by side: read from their folders, put into settings, and shown as tables, figures and a page."""

from __future__ import annotations

from ecg.compare.tables import job_table
from ecg.runs.find import find_runs
from ecg.runs.run import Run

__all__ = ["Run", "find_runs", "job_table"]
