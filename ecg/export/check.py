"""Is it the same model? What onnxruntime makes of beats against what torch makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.export.onnx_model import INPUT, OUTPUTS
from ecg.progress import track
from ecg.training.inference import probabilities
from ecg.training.weights import Weights

TOLERANCE = 1e-4
"""Largest difference of a probability that is put down to the order of additions."""
_BATCH = 500


@dataclass(frozen=True)
class Check:
    """How well an ONNX file agrees with torch.

    Attributes:
        beats: number of beats compared.
        largest: largest difference of a probability.
        other_labels: beats whose most likely class differs.
    """

    beats: int
    largest: float
    other_labels: int

    @property
    def sentence(self) -> str:
        """The numbers in words."""
        labels = "all labels equal" if not self.other_labels else f"{self.other_labels} labels differ"
        return f"largest difference of a probability {self.largest:.1e}, {labels}"

    def require(self) -> Check:
        """Return self if the two agree.

        Raises:
            EcgError: they do not.
        """
        if not self.largest <= TOLERANCE:  # NaN is no agreement either
            raise EcgError(
                f"onnxruntime and torch disagree on {self.beats:,} beats ({self.sentence}; {TOLERANCE:g} is allowed), "
                "so no file was written; try another version of onnxruntime or torch"
            )
        return self


def check_file(path: Path, weights: Weights, x: npt.NDArray[np.float32]) -> Check:
    """Run both on the same beats.

    Args:
        path: the ONNX file.
        weights: what it was made from.
        x: shape [beat, channel, sample].
    """
    ours = probabilities(weights.model, x, doing="labelling beats with torch")
    theirs = run_file(path, x)
    difference = np.abs(ours.astype(np.float64) - theirs)
    return Check(len(x), float(difference.max()), int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum()))


def run_file(path: Path, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Probabilities, shape [beat, class], of beats [beat, channel, sample] as onnxruntime gives them."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    starts = range(0, len(x), _BATCH)
    parts = [
        session.run([OUTPUTS[0]], {INPUT: np.ascontiguousarray(x[start : start + _BATCH])})[0]
        for start in track(starts, "labelling beats with onnxruntime")
    ]
    result: npt.NDArray[np.float32] = np.concatenate(parts)
    return result
