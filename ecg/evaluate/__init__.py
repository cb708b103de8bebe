"""A run's weights scored on other beats than its own test beats, without training."""

from __future__ import annotations

from ecg.evaluate.story import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
