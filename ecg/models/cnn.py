"""The study's network: four convolution and four fully connected layers."""

from __future__ import annotations

from torch import nn

from ecg.checks import in_range
from ecg.errors import EcgError
from ecg.models.layered import LayeredModel

CHANNELS = (32, 64, 128, 256)
KERNELS = (5, 5, 3, 3)
HIDDEN = (1024, 256, 32)


def cnn(*, input_shape: tuple[int, int] = (1, 187), n_classes: int = 5, dropout: float = 0.3) -> LayeredModel:
    """Build the 4+4-layer CNN; 5,125,125 parameters for one channel of 187 samples and five classes.

    Convolutions without padding, each with BatchNorm and ReLU; max-pooling by 3 after the second, average-pooling by 3
    after the fourth; then four fully connected layers with ReLU between and dropout before each.

    Args:
        input_shape: (lead, sample) of one beat.
        n_classes: number of logits.
        dropout: share of features dropped before each fully connected layer.

    Raises:
        EcgError: the beats are too short for the four convolutions, or the dropout is out of range.

    Example:
        >>> import torch
        >>> model = cnn(n_classes=2)
        >>> model.names
        ('conv1', 'conv2', 'conv3', 'conv4', 'fc1', 'fc2', 'fc3', 'head')
        >>> model(torch.zeros(4, 1, 187)).shape
        torch.Size([4, 2])
    """
    in_range("dropout", dropout, 0, 1, include_high=False)
    channels, samples = input_shape
    layers: dict[str, nn.Module] = {}
    for i, (width, kernel) in enumerate(zip(CHANNELS, KERNELS, strict=True), start=1):
        steps: list[nn.Module] = [nn.Conv1d(channels, width, kernel), nn.BatchNorm1d(width), nn.ReLU()]
        samples -= kernel - 1
        if i in (2, 4):
            steps.append(nn.MaxPool1d(3) if i == 2 else nn.AvgPool1d(3))
            samples //= 3
        layers[f"conv{i}"] = nn.Sequential(*steps)
        channels = width
    if samples < 1:
        raise EcgError(f"model=cnn needs beats of 29 samples or more, these have {input_shape[1]}")
    features = channels * samples
    for i, width in enumerate(HIDDEN, start=1):
        start: list[nn.Module] = [nn.Flatten()] if i == 1 else []
        layers[f"fc{i}"] = nn.Sequential(*start, nn.Dropout(dropout), nn.Linear(features, width), nn.ReLU())
        features = width
    layers["head"] = nn.Sequential(nn.Dropout(dropout), nn.Linear(features, n_classes))
    recipe = {"_target_": "ecg.models.cnn", "dropout": dropout}
    return LayeredModel(layers, input_shape=input_shape, n_classes=n_classes, recipe=recipe)
