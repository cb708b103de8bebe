"""Is it the same model? What onnxruntime makes of beats against what torch makes of them.

The beats are the run's own test beats where they are at hand, else random ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ecg.beats.table import MASK
from ecg.data.batches import as_tensors, seen
from ecg.data.module import BeatData
from ecg.data.sequences import Runs
from ecg.errors import EcgError
from ecg.export.onnx_model import OUTPUTS, drawn_inputs
from ecg.progress import track
from ecg.recordings.data_dir import data_folder
from ecg.runs.run import run_around
from ecg.runs.weights import Weights

TOLERANCE = 1e-4
"""Largest difference of a probability that is put down to the order of additions."""
_BATCH = 500


@dataclass(frozen=True)
class Sample:
    """What a model is given, for a check.

    Attributes:
        inputs: by name, [batch, ...] or [window, beat, ...].
        origin: where it comes from, in words.
    """

    inputs: Mapping[str, npt.NDArray[Any]]
    origin: str

    @property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Shape [batch] or [window, beat], what is compared."""
        return self.inputs.get(MASK, np.ones(len(next(iter(self.inputs.values()))), dtype=np.bool_))


def sample_to_check(weights: Weights, *, data_dir: Path | None, most: int) -> Sample:
    """Test beats of the run around the weights, evenly spaced; random ones where that cannot be, and why.

    Args:
        weights: to be checked.
        data_dir: holds mitdb/ and so on; by default as the run's configuration says.
        most: number of beats.
    """
    model = weights.model
    try:
        data = _data(weights, data_dir)
    except EcgError as error:
        windows = -(-most // model.beats)
        origin = f"{windows * model.beats:,} random beats, evenly distributed from 0 to 1 ({error})"
        return Sample(drawn_inputs(model, windows), origin)
    test = data.split.test
    some = test[np.unique(np.linspace(0, len(test) - 1, most).round().astype(np.int64))]
    origin = f"{len(some):,} of the {len(test):,} test beats of {data.info.title}"
    if model.beats == 1:
        return Sample({name: data.beats.inputs[name][some] for name in model.inputs}, origin)
    rows = torch.from_numpy(Runs.of(data.beats.record).around(some, model.beats).rows)
    tensors = as_tensors(data.beats.inputs, model.inputs)
    return Sample({name: x.numpy() for name, x in seen(tensors, rows).items()}, origin)


def _data(weights: Weights, data_dir: Path | None) -> BeatData:
    """The run's prepared data.

    Raises:
        EcgError: why there is none.
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
    if data.info.shapes != weights.info.shapes:
        raise EcgError(f"the run's beats have the shapes {data.info.shapes}, the weights' {weights.info.shapes}")
    data.serve(weights.model)
    return data


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
            found = f"disagree on {self.beats:,} beats ({self.sentence}; {TOLERANCE:g} is allowed)"
            way = "try another version of onnxruntime or torch"
            raise EcgError(f"onnxruntime and torch {found}, so no file was written; {way}")
        return self


def check_file(path: Path, weights: Weights, sample: Sample) -> Check:
    """Run both on the same beats.

    Args:
        path: the ONNX file.
        weights: what it was made from.
        sample: what both are given.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    taken = [one.name for one in session.get_inputs()]  # an input that no layer takes is not in the file
    found = []
    for start in track(range(0, len(sample.counted), _BATCH), "labelling beats with torch and onnxruntime"):
        some = {name: np.ascontiguousarray(x[start : start + _BATCH]) for name, x in sample.inputs.items()}
        with torch.inference_mode():
            ours = weights.model({name: torch.from_numpy(x) for name, x in some.items()}).softmax(dim=-1).numpy()
        found.append((ours, session.run([OUTPUTS[0]], {name: some[name] for name in taken})[0]))
    ours, theirs = (np.concatenate(parts)[sample.counted] for parts in zip(*found, strict=True))
    difference = np.abs(ours.astype(np.float64) - theirs)
    return Check(len(ours), float(difference.max()), int((ours.argmax(axis=-1) != theirs.argmax(axis=-1)).sum()))
