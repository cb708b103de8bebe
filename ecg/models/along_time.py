"""Convolution, norm and pooling along time, with the channels of a moment side by side in memory.

On a processor they are quicker so, most of all where nothing is learned (`experiments/speed`). Tensors have the shape
[beat, channel, sample] as ever; only their strides differ. On other devices the convolution is PyTorch's own.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d, without stride or groups; padding is none or, for an odd kernel, `same`."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        if input.device.type != "cpu":
            return super().forward(input)
        padding = (0, self.kernel_size[0] // 2 if self.padding == "same" else 0)
        return F.conv2d(_side_by_side(input), _side_by_side(self.weight), self.bias, padding=padding).squeeze(2)


class BatchNorm1d(nn.BatchNorm1d):
    """PyTorch's BatchNorm1d of three dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        return super().forward(input.unsqueeze(2)).squeeze(2)

    def _check_input_dim(self, input: Tensor) -> None:
        """Four dimensions are right here."""


class MaxPool1d(nn.MaxPool1d):
    """PyTorch's MaxPool1d with a window, its step and nothing else."""

    def __init__(self, window: int, step: int | None = None) -> None:
        super().__init__(window, step)
        self.window, self.step = (1, window), (1, step or window)

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        return F.max_pool2d(input.unsqueeze(2), self.window, self.step).squeeze(2)


class AvgPool1d(nn.AvgPool1d):
    """PyTorch's AvgPool1d with a window and nothing else."""

    def __init__(self, window: int) -> None:
        super().__init__(window)
        self.window = self.step = (1, window)

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        return F.avg_pool2d(input.unsqueeze(2), self.window).squeeze(2)


def _side_by_side(x: Tensor) -> Tensor:
    """Shape [a, b, 1, c] with the b together; as it is where it is so already."""
    x = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    if x.shape[1] > 1 or torch.onnx.is_in_onnx_export():  # a graph for any number of beats has no strides
        return x
    # One channel lies either way in memory; strides that say which way decide how the convolution's output lies.
    return x.as_strided(x.shape, (x.shape[3], 1, x.shape[3], 1))
