"""Cuts: each one file, a rule that makes single beats out of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ecg.beats.cuts.base import Cut
from ecg.beats.cuts.kaggle import KaggleCut
from ecg.beats.cuts.paper import PaperCut

CUTS: Mapping[str, type[KaggleCut] | type[PaperCut]] = MappingProxyType({c.name: c for c in (KaggleCut, PaperCut)})
"""Every cut by the name that `dataset.cut` takes."""

__all__ = ["CUTS", "Cut", "KaggleCut", "PaperCut"]
