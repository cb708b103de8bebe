"""A small model of consecutive beats: the shape of each, how early it comes, and its neighbours."""

from __future__ import annotations

from torch import nn

from ecg.beats.segmentations.window import RHYTHM
from ecg.beats.table import MASK, SIGNAL, Shapes
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.models.blocks import Joined, Neighbours
from ecg.models.layered import LayeredModel

WIDTHS = (32, 64)
KERNELS = (7, 5)


def sequence(
    *,
    inputs: Shapes = {SIGNAL: (1, 102), RHYTHM: (4,)},  # noqa: B006 (never changed)
    n_classes: int = 5,
    beats: int = 32,
    context: int = 8,
    width: int = 64,
    dropout: float = 0.2,
) -> LayeredModel:
    """Build the model: two convolutions over a beat's signal, RR ratios beside them, two convolutions over beats.

    Args:
        inputs: shapes of `signal` and `rhythm` of one beat.
        n_classes: number of logits.
        beats: consecutive beats of a record that it sees at once.
        context: beats at each end of such a window that are labelled in another one.
        width: features of a beat.
        dropout: share of features dropped.

    Raises:
        EcgError: an input is missing, a beat is too short, or a value out of range.
    """
    in_range("beats", beats, 2, 4096)
    in_range("context", context, 0, (beats - 1) // 2)
    in_range("width", width, 1, 4096)
    in_range("dropout", dropout, 0, 1, include_high=False)
    for name in (SIGNAL, RHYTHM):
        if name not in inputs:
            raise EcgError(f"model=sequence needs the input {name}; choose dataset.segmentation=window")
    channels, samples = inputs[SIGNAL]
    layers: dict[str, nn.Module] = {}
    for i, (out, kernel) in enumerate(zip(WIDTHS, KERNELS, strict=True), start=1):
        layers[f"wave{i}"] = nn.Sequential(
            nn.Conv1d(channels, out, kernel), nn.BatchNorm1d(out), nn.ReLU(), nn.MaxPool1d(2)
        )
        channels, samples = out, (samples - kernel + 1) // 2
    if samples < 1:
        raise EcgError(f"model=sequence needs beats of 18 samples or more, these have {inputs[SIGNAL][1]}")
    layers["shape"] = nn.Sequential(nn.Flatten(), nn.Linear(channels * samples, width), nn.ReLU(), nn.Dropout(dropout))
    layers["intervals"] = nn.Sequential(nn.Linear(inputs[RHYTHM][0], 32), nn.ReLU())
    layers["beat"] = Joined(width + 32, width, dropout)
    layers["near"] = Neighbours(width, 1, dropout)
    layers["far"] = Neighbours(width, 2, dropout)
    layers["head"] = nn.Linear(width, n_classes)
    own = {"beats": beats, "context": context, "width": width, "dropout": dropout}
    return LayeredModel(
        layers,
        inputs={name: tuple(inputs[name]) for name in (SIGNAL, RHYTHM)},
        takes={"intervals": (RHYTHM,), "beat": ("shape", "intervals"), "near": ("beat", MASK), "far": ("near", MASK)},
        n_classes=n_classes,
        beats=beats,
        context=context,
        sequence_from="near",
        any_length=context >= 3,  # what near and far reach together
        recipe={"_target_": "ecg.models.sequence", **own},
    )
