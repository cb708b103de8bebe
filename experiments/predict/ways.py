"""Ways to label the beats of a recording: ours, in batches, beat by beat; and the most that the processor could do."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ecg.data.batches import AT_ONCE
from ecg.models.faster import AvgPool1d, BatchNorm1d, Conv1d, MaxPool1d, faster
from ecg.models.labeller import Labeller, lengths
from ecg.predict.examine import Examined
from ecg.predict.labelled import segmented_beats
from ecg.recordings.formats import OwnRecording
from ecg.runs.weights import Weights
from ecg.training.inference import probabilities

OURS, BATCHES = "segmenting and labelling as we do", "labelling in batches, zeros and all"
FIRST, NO_GRAD = "beat by beat, autograd on, as first written", "beat by beat, torch.no_grad()"
LIMIT_ALL = "the processor's limit, all of each beat"
LIMIT = "the processor's limit, without the zeros behind each beat"
MATRIX = 2048


def one_round(own: OwnRecording, examined: Examined, weights: Weights, count: int) -> dict[str, float]:
    """Seconds for all beats, each way in turn; beat by beat, `count` of them are labelled and the time extrapolated.

    The limits are the model's operations at the rate at which large matrices are multiplied in this round.
    """
    x = segmented_beats(own.recording, examined, weights.segmentation)[0].signal
    scale, model = len(examined.peaks) / count, faster(weights.model)
    plain = partial(naive, own.recording.digital[0].astype(np.float64), examined.peaks, as_first_written(model), count)
    a = torch.rand(MATRIX, MATRIX)
    rate = 2 * MATRIX**3 / min(seconds(lambda: a @ a) for _ in range(8))
    return {
        OURS: seconds(lambda: segment_and_label(own, examined, weights)),
        BATCHES: seconds(lambda: in_batches(model, x)),
        FIRST: scale * seconds(plain),
        NO_GRAD: scale * seconds(torch.no_grad()(plain)),
    } | {what: len(x) * flops / rate for what, flops in operations(model, x).items()}


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def segment_and_label(own: OwnRecording, examined: Examined, weights: Weights) -> None:
    """Segment and label all beats, as `ecg predict` does."""
    beats, _ = segmented_beats(own.recording, examined, weights.segmentation)
    probabilities(weights.model, beats)


def as_first_written(model: nn.Module) -> nn.Module:
    """A copy with PyTorch's own convolution, norm and pooling, which one beat alone passes faster than ours."""
    copied = copy.deepcopy(model)
    for part in copied.modules():
        if type(part) in (Conv1d, BatchNorm1d, MaxPool1d, AvgPool1d):
            part.__class__ = type(part).__bases__[0]
    return copied


def in_batches(model: nn.Module, x: npt.NDArray[np.float32]) -> None:
    """Label beats in batches without leaving anything out."""
    with torch.inference_mode():
        for part in torch.split(torch.from_numpy(x), AT_ONCE):
            model(part).softmax(dim=1)


def naive(signal: npt.NDArray[np.float64], peaks: npt.NDArray[np.int64], model: nn.Module, count: int) -> None:
    """A plain loop over some beats: take one out, scale it, make a tensor, run the model, take the softmax."""
    rng = np.random.default_rng(0)
    for k in np.sort(rng.choice(len(peaks) - 2, size=count, replace=False)):
        piece = signal[peaks[k] : peaks[k + 1] + int(0.2 * (peaks[k + 2] - peaks[k + 1])) : 3]
        scaled = np.zeros(187, dtype=np.float32)
        height = piece.max() - piece.min()
        values = (piece - piece.min()) / height if height else np.zeros_like(piece)
        scaled[: min(len(piece), 187)] = values[:187]
        torch.softmax(model(torch.tensor(scaled)[None, None]), dim=1)[0].tolist()


def operations(model: nn.Module, x: npt.NDArray[np.float32]) -> dict[str, float]:
    """Floating-point operations of the model for one beat on average, multiplications and additions counted apart."""
    labeller, beat = Labeller.of(model), torch.ones(1, *x.shape[1:])
    found = {LIMIT_ALL: float(flops_of(partial(model, beat)))}
    if labeller is not None:
        counts = np.bincount(lengths(torch.from_numpy(x)).numpy())
        ends = [torch.where(torch.arange(x.shape[2]) < n, beat, torch.zeros(())) for n in range(len(counts))]
        some = [flops_of(partial(labeller, end)) if count else 0 for end, count in zip(ends, counts, strict=True)]
        found[LIMIT] = float(np.average(some, weights=counts))
    return found


def flops_of(work: Callable[[], object]) -> int:
    """Operations of what PyTorch is asked to do."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        work()
    return int(counter.get_total_flops())
