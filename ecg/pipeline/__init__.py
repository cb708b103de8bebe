"""The pipeline of a run, from configuration to report."""

from __future__ import annotations

from ecg.pipeline.train import run

__all__ = ["run"]
