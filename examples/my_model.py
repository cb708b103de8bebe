"""A model of one's own: layers with names, the head last."""

from collections import OrderedDict

from torch import nn


def small(*, input_shape: tuple[int, int], n_classes: int, width: int = 16) -> nn.Sequential:
    """Two convolutions and a head, for beats of (lead, sample); `width` is a setting: model.width=32."""
    leads, _ = input_shape
    layers = OrderedDict(
        conv1=nn.Sequential(nn.Conv1d(leads, width, 7, stride=2), nn.BatchNorm1d(width), nn.ReLU()),
        conv2=nn.Sequential(nn.Conv1d(width, width, 5, stride=2), nn.BatchNorm1d(width), nn.ReLU()),
        head=nn.Sequential(nn.AdaptiveAvgPool1d(4), nn.Flatten(), nn.Linear(4 * width, n_classes)),
    )
    return nn.Sequential(layers)
