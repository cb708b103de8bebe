"""R peaks of recordings that nobody annotated: a learnt detector, sleepecg, or one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

import ecg
from ecg.beats.rpeaks.by_sleepecg import SleepEcg
from ecg.beats.rpeaks.found import Detector, RPeaks
from ecg.beats.rpeaks.learnt import Learnt
from ecg.errors import EcgError
from ecg.targets import by_name

__all__ = ["DEFAULT", "DETECTORS", "Detector", "Learnt", "RPeaks", "detector"]

DEFAULT = "learnt"
WEIGHTS = "weights.safetensors"
_SHIPPED = Path(ecg.__file__).parent / "weights" / "rpeaks.safetensors"

DETECTORS: Mapping[str, Callable[[], Detector]] = MappingProxyType(
    {DEFAULT: lambda: Learnt(_SHIPPED), "sleepecg": SleepEcg}
)
"""By the name that `rpeaks=` takes."""


@dataclass(frozen=True)
class Own:
    """A detector of one's own: a function from a signal [time] in mV and fs in Hz to samples or `RPeaks`.

    Attributes:
        name: its import path.
        find: the function.
    """

    name: str
    find: Callable[[npt.NDArray[np.floating], float], Any]

    def __call__(self, signal: npt.NDArray[np.floating], fs: float) -> RPeaks:
        """R peaks of one lead.

        Raises:
            EcgError: what the function gives are no samples of the signal in ascending order.
        """
        found = self.find(signal, fs)
        if isinstance(found, RPeaks):
            return found
        sample = np.asarray(found)
        if sample.ndim != 1 or (len(sample) and sample.dtype.kind not in "iu"):
            raise EcgError(f"rpeaks={self.name}: gives {sample.dtype} of shape {sample.shape}, not samples [beat]")
        if len(sample) and (sample[0] < 0 or sample[-1] >= len(signal) or (np.diff(sample) <= 0).any()):
            raise EcgError(f"rpeaks={self.name}: its samples must ascend, from 0 to below {len(signal)}")
        return RPeaks.at(sample)


def detector(name: str = DEFAULT) -> Detector:
    """The detector of a name.

    Args:
        name: `learnt`, `sleepecg`, a run folder or weights file of `experiment=rpeaks`, or the import path of a
            function of one's own.

    Raises:
        BadSettingError: none of them.
    """
    if name not in DETECTORS:
        path = Path(name).expanduser()
        if (path / WEIGHTS).is_file() or (path.suffix == ".safetensors" and path.is_file()):
            return Learnt(path / WEIGHTS if path.is_dir() else path)
    made = by_name("rpeaks", name, DETECTORS)
    return made() if name in DETECTORS else Own(name, made)
