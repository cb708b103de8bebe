"""A run, from configuration to report."""

from __future__ import annotations

from ecg.run.story import run

__all__ = ["run"]
