"""Weights as an ONNX model that runs without torch, checked against torch before it is kept."""

from __future__ import annotations

from ecg.export.pipeline import Exported, export

__all__ = ["Exported", "export"]
