"""The five AAMI classes and the annotation symbols that belong to each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

AAMI_CLASSES: tuple[str, ...] = ("N", "S", "V", "F", "Q")
"""Class names in the order of their numbers, as in the Kaggle heartbeat files."""

AAMI_SYMBOLS: Mapping[str, str] = MappingProxyType({"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"})
"""WFDB symbols per class: ANSI/AAMI EC57:2012 as read by de Chazal et al. 2004 (doi 10.1109/TBME.2004.827359), Table I.

Escape beats `e` and `j` count as N there; the WFDB tools put the rare `n` and `B` elsewhere or nowhere, and MIT-BIH has
neither.
"""

_NUMBER = {symbol: AAMI_CLASSES.index(name) for name, symbols in AAMI_SYMBOLS.items() for symbol in symbols}


def aami_labels(symbols: npt.NDArray[np.str_]) -> npt.NDArray[np.int64]:
    """Class number of each annotation symbol, -1 where the mark is no beat (`+`, `~`, `|`, `"` ...).

    Args:
        symbols: shape [annotation].

    Returns:
        shape [annotation], 0..4 for N S V F Q or -1.
    """
    names, place = np.unique(symbols, return_inverse=True)
    return np.array([_NUMBER.get(str(name), -1) for name in names], dtype=np.int64)[place]
