"""The figures of a comparison."""

from __future__ import annotations

from ecg.compare.figures.every import Shown, group_figures

__all__ = ["Shown", "group_figures"]
