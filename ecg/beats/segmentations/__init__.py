"""Segmentations: each one file, a rule that makes single beats out of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from difflib import get_close_matches
from inspect import signature
from types import MappingProxyType
from typing import Any

from ecg.beats.segmentations.base import Segmentation, WholeRecordings
from ecg.beats.segmentations.context import ContextSegmentation
from ecg.beats.segmentations.kaggle import KaggleSegmentation
from ecg.beats.segmentations.paper import PaperSegmentation
from ecg.beats.segmentations.record import RecordSegmentation
from ecg.beats.segmentations.window import WindowSegmentation
from ecg.checks import BadSettingError
from ecg.targets import by_name

SEGMENTATIONS: Mapping[str, Any] = MappingProxyType(
    {
        made.name: made
        for made in (KaggleSegmentation, PaperSegmentation, WindowSegmentation, ContextSegmentation, RecordSegmentation)
    }
)
"""Every segmentation by the name that `dataset.segmentation` takes."""


def make_segmentation(wanted: str | Mapping[str, Any] | Segmentation) -> Segmentation:
    """The segmentation that a setting asks for.

    Args:
        wanted: its name, or the import path of one's own; the same as `name` with its settings beside it, e.g.
            `{"name": "paper", "threshold": 0.8}`; or a segmentation.

    Raises:
        BadSettingError: no such segmentation, or it refuses its settings.
    """
    made: Any = wanted
    if isinstance(wanted, str | Mapping):
        settings = {"name": wanted} if isinstance(wanted, str) else dict(wanted)
        name = settings.pop("name", None)
        if not isinstance(name, str):
            said = "".join(f",{key}:{value}" for key, value in settings.items())
            raise BadSettingError(f"segmentation has no name: write it with its settings, e.g. {{name:paper{said}}}")
        kind = by_name("segmentation", name, SEGMENTATIONS)
        _check_names(name, kind, settings)
        try:
            made = kind(**settings) if isinstance(kind, type) or settings else kind
        except BadSettingError as error:
            raise BadSettingError(f"segmentation.{error}") from None
        except (TypeError, ValueError) as error:
            raise BadSettingError(f"segmentation={wanted}: {error}") from None
    if not isinstance(made, Segmentation) or isinstance(made, type) or not is_dataclass(made):
        raise BadSettingError(
            f"segmentation={wanted}: is no ecg.beats.segmentations.Segmentation, which is a frozen dataclass"
        )
    return made


def _check_names(name: str, kind: Any, settings: Mapping[str, Any]) -> None:
    """Refuse settings that a segmentation does not have."""
    made_already = not isinstance(kind, type) and (isinstance(kind, Segmentation) or not callable(kind))
    known = [] if made_already else list(signature(kind).parameters)
    for key in settings:
        if key not in known:
            close = get_close_matches(str(key), known, n=1)
            hint = f"did you mean segmentation.{close[0]}? " if close else ""
            raise BadSettingError(
                f"segmentation.{key} is no setting of {name}: {hint}settings: {', '.join(known) or 'none'}"
            )


def settings_of(segmentation: Segmentation) -> dict[str, Any]:
    """What `make_segmentation` makes the same one of: name, or import path, and settings."""
    kind = type(segmentation)
    name = segmentation.name if SEGMENTATIONS.get(segmentation.name) is kind else f"{kind.__module__}.{kind.__name__}"
    return {"name": name, **asdict(segmentation)}  # type: ignore[call-overload]


def key_of(segmentation: Segmentation, leads: Sequence[str]) -> dict[str, object]:
    """What a segmentation contributes to the key of cached beats."""
    return {"version": segmentation.version, "settings": sorted(settings_of(segmentation).items()), "leads": [*leads]}


__all__ = [
    "SEGMENTATIONS",
    "ContextSegmentation",
    "KaggleSegmentation",
    "PaperSegmentation",
    "RecordSegmentation",
    "Segmentation",
    "WholeRecordings",
    "WindowSegmentation",
    "key_of",
    "make_segmentation",
    "settings_of",
]
