"""The pipeline of a run, from configuration to report."""

from __future__ import annotations

from ecg.pipeline.train import check, run

__all__ = ["check", "run"]
