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
from ecg.checks import BadSettingError
from ecg.errors import EcgError
from ecg.targets import by_name

__all__ = ["DEFAULT", "DETECTORS", "Detector", "Learnt", "RPeaks", "detector"]

DEFAULT = "learnt"
WEIGHTS = "weights.safetensors"
SHIPPED = Path(ecg.__file__).parent / "weights" / "rpeaks.safetensors"
"""The weights of `learnt`; its model card is beside it."""
_DIGEST = "8b2dc6d99dacbe95fadf3d97c323444a79810a9a285e2982697787adb322f8ea"

DETECTORS: Mapping[str, Callable[[], Detector]] = MappingProxyType(
    {DEFAULT: lambda: Learnt(SHIPPED, _DIGEST), "sleepecg": SleepEcg}
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
        try:
            sample = np.asarray(found.sample if isinstance(found, RPeaks) else found)
        except ValueError:  # lists of several lengths
            raise EcgError(f"rpeaks={self.name}: gives {type(found).__name__}, not samples [beat]") from None
        if sample.ndim != 1 or (len(sample) and sample.dtype.kind not in "iu"):
            raise EcgError(f"rpeaks={self.name}: gives {sample.dtype} of shape {sample.shape}, not samples [beat]")
        sample = sample.astype(np.int64)  # differences of unsigned numbers are never below 0
        if len(sample) and (sample[0] < 0 or sample[-1] >= len(signal) or (np.diff(sample) <= 0).any()):
            raise EcgError(f"rpeaks={self.name}: its samples must ascend, from 0 to below {len(signal)}")
        return found if isinstance(found, RPeaks) else RPeaks.at(sample)


def detector(name: str = DEFAULT) -> Detector:
    """The detector of a name.

    Args:
        name: `learnt`, `sleepecg`, a run folder or weights file of `experiment=rpeaks`, or the import path of a
            function of one's own.

    Raises:
        EcgError: none of them, or a folder or file without a detector's weights.
    """
    if name in DETECTORS:
        return DETECTORS[name]()
    path = Path(name).expanduser()
    if path.exists() or path.suffix == ".safetensors":
        return Learnt(_weights_at(path)).load()
    made = by_name("rpeaks", name, DETECTORS, also=("a run folder of experiment=rpeaks",))
    if not callable(made):
        raise BadSettingError(f"rpeaks={name}: is no function from a signal and fs to samples")
    return Own(name, made)


def _weights_at(path: Path) -> Path:
    file = path / WEIGHTS if path.is_dir() else path
    if not file.is_file():
        why = f"has no {WEIGHTS}: no finished run of experiment=rpeaks" if path.is_dir() else "does not exist"
        raise BadSettingError(f"rpeaks={path}: {why}")
    return file
