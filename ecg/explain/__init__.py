"""What a trained model looks at, whether that can be trusted, and what each of its layers knows."""

from __future__ import annotations

from ecg.explain.pipeline import Explained, explain

__all__ = ["Explained", "explain"]
