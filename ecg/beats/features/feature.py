"""What a feature says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Feature(NamedTuple):
    """One number per beat.

    Attributes:
        name: as figures and tables call it.
        unit: of the number; `log` for the natural logarithm of a ratio, `1` for any other ratio.
        meaning: in one line.
    """

    name: str
    unit: str
    meaning: str


def columns(features: Sequence[Feature], values: Mapping[str, npt.NDArray[np.floating]]) -> npt.NDArray[np.float32]:
    """Shape [beat, feature], in the order of `features`; what is not finite becomes 0.

    Raises:
        KeyError: a feature has no values.
    """
    table = np.stack([values[one.name] for one in features], axis=1).astype(np.float32)
    return np.nan_to_num(table, nan=0.0, posinf=0.0, neginf=0.0)
