"""Runs side by side: read from their folders, put into settings, and shown as tables, figures and a page."""

from __future__ import annotations

from ecg.compare.find import read_runs
from ecg.compare.jobs import job_table
from ecg.compare.run import Run

__all__ = ["Run", "job_table", "read_runs"]
