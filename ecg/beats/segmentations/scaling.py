"""What becomes of a beat's amplitude: scaled to itself, to its recording, or left in millivolts."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ecg.beats.segmentations.base import Segmentation
from ecg.checks import BadSettingError, one_of

MINMAX, MV, QRS = "minmax", "mv", "qrs"
SCALINGS = (MINMAX, MV, QRS)
"""`minmax`: each beat to 0..1. `mv`: millivolts. `qrs`: in heights of the recording's median QRS complex."""


def check_scaling(value: str) -> None:
    """Refuse what is no scaling.

    Raises:
        BadSettingError: so it is.
    """
    one_of("scaling", value, SCALINGS)


def levelled(rows: npt.NDArray[np.floating], scaling: str) -> npt.NDArray[np.float32]:
    """Beats above their own median, in mV or in heights of the recording's median beat.

    Args:
        rows: shape [beat, sample], mV; NaN where a row is longer than its beat.
        scaling: `mv` or `qrs`.

    Returns:
        the same shape; 0 where a row is longer than its beat.
    """
    held = np.isfinite(rows).any(axis=1)
    found = np.zeros(rows.shape, dtype=np.float64)
    if held.any():
        kept = rows[held]
        level = np.nanmedian(kept, axis=1, keepdims=True)
        height = float(np.median(np.nanmax(kept, axis=1) - np.nanmin(kept, axis=1))) if scaling == QRS else 1.0
        found[held] = np.nan_to_num((kept - level) / max(height, 1e-6))
    return found.astype(np.float32)


def with_scaling(segmentation: Segmentation, scaling: str | None) -> Segmentation:
    """The segmentation with another scaling; None leaves its own.

    Raises:
        BadSettingError: no such scaling, or the segmentation has none to choose.
    """
    if scaling is None:
        return segmentation
    check_scaling(scaling)
    made: Any = segmentation
    if not is_dataclass(made) or "scaling" not in {field.name for field in fields(made)}:
        own = getattr(made, "scaling", None)
        if own == scaling:
            return segmentation
        has = "has no scaling to choose" if own is None else f"always has scaling={own}"
        raise BadSettingError(
            f"scaling={scaling}: the {segmentation.name} segmentation {has}; kaggle, paper and window have all of "
            f"{', '.join(SCALINGS)}"
        )
    return cast(Segmentation, replace(made, scaling=scaling))  # type: ignore[type-var]
