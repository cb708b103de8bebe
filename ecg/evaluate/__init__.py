"""A run's weights scored on other beats than its own test beats, without training."""

from __future__ import annotations

from ecg.evaluate.files import Evaluation
from ecg.evaluate.pipeline import evaluate

__all__ = ["Evaluation", "evaluate"]
