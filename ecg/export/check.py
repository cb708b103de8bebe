"""Is it the same model? What onnxruntime makes of beats against what torch makes of them.

The beats are the run's own test beats where they are at hand, else random ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.export.onnx_model import INPUT, OUTPUTS
from ecg.progress import track
from ecg.recordings.data_dir import data_folder
from ecg.runs.run import run_around
from ecg.runs.weights import Weights
from ecg.training.inference import probabilities

TOLERANCE = 1e-4
"""Largest difference of a probability that is put down to the order of additions."""
_BATCH = 500


def beats_to_check(weights: Weights, *, data_dir: Path | None, most: int) -> tuple[npt.NDArray[np.float32], str]:
    """Test beats of the run around the weights, evenly spaced; random ones where that cannot be, and why.

    Args:
        weights: to be checked.
        data_dir: holds mitdb/ and so on; by default as the run's configuration says.
        most: number of beats.

    Returns:
        The beats, shape [beat, channel, sample], and where they come from, in words.
    """
    try:
        x, title = _test_beats(weights, data_dir)
    except EcgError as error:
        x = np.random.default_rng(0).random((most, *weights.info.shape), dtype=np.float32)
        return x, f"{most:,} random beats, evenly distributed from 0 to 1 ({error})"
    some = x[np.unique(np.linspace(0, len(x) - 1, most).round().astype(np.int64))]
    return some, f"{len(some):,} of the {len(x):,} test beats of {title}"


def _test_beats(weights: Weights, data_dir: Path | None) -> tuple[npt.NDArray[np.float32], str]:
    """All test beats and the data's title.

    Raises:
        EcgError: why there are none.
    """
    run = run_around(weights.path)
    if run is None:
        raise EcgError("the weights stand alone, without their run folder")
    data = run.datamodule(data_dir)
    if not data.source.at_hand():  # a check is worth no download
        folder = data_folder(data_dir or (Path(run.config.data_dir) if run.config.data_dir else None))
        raise EcgError(f"the recordings of dataset.source={data.source.name} are not in {folder}; see --data-dir")
    data.prepare_data()
    data.setup()
    if data.info.shape != weights.info.shape:
        raise EcgError(f"the run's beats have shape {data.info.shape}, the weights' {weights.info.shape}")
    return data.beats.x[data.split.test], data.info.title


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
    return np.concatenate(parts)
