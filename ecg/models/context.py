"""Models of beats among their neighbours: features of rhythm and shape, with or without a CNN beside them."""

from __future__ import annotations

from torch import nn

from ecg.beats.segmentations.context import SHAPE, TEMPLATE
from ecg.beats.segmentations.window import RHYTHM
from ecg.beats.table import MASK, SIGNAL, Shapes
from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.models.blocks import Joined, Neighbours, Stacked, Standardised
from ecg.models.layered import LayeredModel

DILATIONS = (1, 2, 4, 8)
WITHOUT_SHAPE, WITHOUT_WAVES = 0.2, 0.3
"""How often a window goes without its shape features, and without its CNN, in training."""
_INPUTS: Shapes = {SIGNAL: (1, 176), TEMPLATE: (2, 176), RHYTHM: (40,), SHAPE: (55,)}


def context(
    *,
    inputs: Shapes = _INPUTS,
    n_classes: int = 5,
    beats: int = 64,
    context: int = 16,
    width: int = 96,
    dropout: float = 0.3,
) -> LayeredModel:
    """Build the model of features alone: two layers over each kind, then four convolutions over consecutive beats.

    Args:
        inputs: shapes of `rhythm` and `shape` of one beat, as dataset.segmentation=context gives them.
        n_classes: number of logits.
        beats: consecutive beats of a record that it sees at once.
        context: beats at each end of such a window that are labelled in another one.
        width: features of a beat in the convolutions.
        dropout: share of features dropped there; less of it in the layers before.

    Raises:
        EcgError: an input is missing, or a value out of range.
    """
    return _built("context", False, inputs, n_classes, beats, context, width, dropout)


def context_cnn(
    *,
    inputs: Shapes = _INPUTS,
    n_classes: int = 5,
    beats: int = 64,
    context: int = 16,
    width: int = 96,
    dropout: float = 0.3,
) -> LayeredModel:
    """Build the same with a CNN on the beat's window and its record's templates; arguments as of `context`.

    Raises:
        EcgError: an input is missing or too short, or a value out of range.
    """
    return _built("context_cnn", True, inputs, n_classes, beats, context, width, dropout)


def _built(
    name: str, waves: bool, inputs: Shapes, n_classes: int, beats: int, context: int, width: int, dropout: float
) -> LayeredModel:
    in_range("beats", beats, 2, 4096)
    in_range("context", context, 0, (beats - 1) // 2)
    in_range("width", width, 1, 4096)
    in_range("dropout", dropout, 0, 1, include_high=False)
    needed = (*((SIGNAL, TEMPLATE) if waves else ()), RHYTHM, SHAPE)
    for one in needed:
        if one not in inputs:
            raise EcgError(
                f"model={name} takes the inputs {', '.join(needed)}, the data has {', '.join(inputs)}; choose "
                "dataset.segmentation=context"
            )
    layers: dict[str, nn.Module] = {}
    takes: dict[str, tuple[str, ...]] = {}
    for kind, drop, noise in ((RHYTHM, dropout / 3, 0.06), (SHAPE, 2 * dropout / 3, 0.0)):
        size = inputs[kind][0]
        layers[f"{kind}1"] = nn.Sequential(Standardised(size, noise=noise), *_connected(size, 64, drop))
        layers[f"{kind}2"] = nn.Sequential(*_connected(64, 32, drop))
        takes[f"{kind}1"] = (kind,)
    joined, whole = [f"{RHYTHM}2", f"{SHAPE}2"], {1: WITHOUT_SHAPE}
    if waves:
        _add_waves(layers, takes, inputs, dropout)
        joined, whole = [*joined, "wave4"], {**whole, 2: WITHOUT_WAVES}
    layers["beat"] = Joined(64 + 64 * waves, width, dropout, norm=True, whole=whole)
    takes["beat"] = tuple(joined)
    for i, dilation in enumerate(DILATIONS, start=1):
        layers[f"near{i}"] = Neighbours(width, dilation, dropout)
        takes[f"near{i}"] = ("beat" if i == 1 else f"near{i - 1}", MASK)
    layers["both"] = Joined(2 * width, 64, dropout)
    takes["both"] = ("beat", f"near{len(DILATIONS)}")
    layers["head"] = nn.Linear(64, n_classes)
    own = {"beats": beats, "context": context, "width": width, "dropout": dropout}
    return LayeredModel(
        layers,
        inputs={one: tuple(inputs[one]) for one in needed},
        takes=takes,
        n_classes=n_classes,
        beats=beats,
        context=context,
        sequence_from="beat",
        any_length=context >= sum(DILATIONS),
        recipe={"_target_": f"ecg.models.{name}", **own},
    )


def _connected(size: int, out: int, dropout: float) -> tuple[nn.Module, ...]:
    return nn.Linear(size, out), nn.ReLU(), nn.Dropout(dropout)


def _add_waves(layers: dict[str, nn.Module], takes: dict[str, tuple[str, ...]], inputs: Shapes, dropout: float) -> None:
    """A CNN over the window and the templates, two strided convolutions and two connected layers."""
    channels, samples = inputs[SIGNAL][0] + inputs[TEMPLATE][0], inputs[SIGNAL][1]
    first = (samples - 16) // 8 + 1
    second = (first - 3) // 2 + 1
    if second < 1:
        raise EcgError(f"model=context_cnn needs beats of 32 samples or more, these have {samples}")
    layers["wave1"] = Stacked(nn.Conv1d(channels, 64, 16, stride=8), nn.BatchNorm1d(64), nn.ReLU())
    takes["wave1"] = (SIGNAL, TEMPLATE)
    layers["wave2"] = nn.Sequential(nn.Conv1d(64, 96, 3, stride=2), nn.BatchNorm1d(96), nn.ReLU())
    layers["wave3"] = nn.Sequential(nn.Flatten(), *_connected(96 * second, 128, dropout))
    layers["wave4"] = nn.Sequential(*_connected(128, 64, dropout))
