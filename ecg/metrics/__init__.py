"""Metrics: AAMI EC57 scores per class, per record and per patient, with bootstrap intervals."""

from __future__ import annotations

from ecg.metrics.registry import Metric, Scored

__all__ = ["Metric", "Scored"]
