"""A plain model, faster on a processor: the same modules, numbers and names of tensors, other ways through memory.

Convolution, norm and pooling along time keep the channels of a moment side by side in memory, and dropout draws fewer
random bits (`experiments/speed/step.py` measures both). Tensors have the shape [beat, channel, sample] as ever; only
their strides differ. On other devices everything is PyTorch's own.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Model = TypeVar("Model", bound=nn.Module)


def faster(model: Model) -> Model:
    """The same model, changed in place: its plain modules work in the faster way from now on."""
    for module in model.modules():
        if (kind := _FASTER.get(type(module))) is not None:
            module.__class__ = kind
    return model


class Conv1d(nn.Conv1d):
    """PyTorch's Conv1d."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        reach = self.dilation[0] * (self.kernel_size[0] - 1)
        # where a window can lie in the padding alone, oneDNN's other way ends the process (torch 2.13)
        far = not isinstance(self.padding, str) and self.padding[0] > reach
        if far or input.device.type != "cpu" or self.padding_mode != "zeros" or input.dim() != 3:
            return super().forward(input)
        same = self.padding == "same" and reach % 2 == 0  # in numbers: onnxruntime knows no `same` with dilation
        padding = (0, reach // 2) if same else self.padding if isinstance(self.padding, str) else (0, self.padding[0])
        x, weight = _side_by_side(input), _side_by_side(self.weight)
        stride, dilation = (1, self.stride[0]), (1, self.dilation[0])
        out: Tensor = F.conv2d(x, weight, self.bias, stride, padding, dilation, self.groups)
        return out.squeeze(2)


class BatchNorm1d(nn.BatchNorm1d):
    """PyTorch's BatchNorm1d."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample] or [beat, channel]."""
        super()._check_input_dim(input)
        flat = input.dim() != 3
        return super().forward(input) if flat else super().forward(input.unsqueeze(2)).squeeze(2)

    def _check_input_dim(self, input: Tensor) -> None:
        """Four dimensions are right inside; what comes from outside was looked at before."""


class MaxPool1d(nn.MaxPool1d):
    """PyTorch's MaxPool1d."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        if input.dim() != 3 or self.return_indices:
            return super().forward(input)  # type: ignore[no-any-return]
        size, stride, padding, dilation = map(only, (self.kernel_size, self.stride, self.padding, self.dilation))
        wide = input.unsqueeze(2)
        out: Tensor = F.max_pool2d(wide, (1, size), (1, stride), (0, padding), (1, dilation), self.ceil_mode)
        return out.squeeze(2)


class AvgPool1d(nn.AvgPool1d):
    """PyTorch's AvgPool1d."""

    def forward(self, input: Tensor) -> Tensor:
        """Shape [beat, channel, sample]."""
        if input.dim() != 3:
            return super().forward(input)
        size, stride, padding = map(only, (self.kernel_size, self.stride, self.padding))
        wide = input.unsqueeze(2)
        out: Tensor = F.avg_pool2d(wide, (1, size), (1, stride), (0, padding), self.ceil_mode, self.count_include_pad)
        return out.squeeze(2)


_LEVELS = 2**16
_LOWEST = -(2**63)
_NOTHING = torch.zeros(())


class Dropout(nn.Dropout):
    """PyTorch's dropout.

    PyTorch draws a number of its own for each element, one after the other: about a fifth of a step of the cnn's fully
    connected layers. Here 64 random bits, of the same generator, serve four elements. A share of p to 1/65536 is
    dropped, and the rest scaled by 1 / (1 - p).
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop elements of `input`, any shape, in training mode; in eval mode, `input` itself."""
        if not self.training or self.inplace or input.device.type != "cpu" or not 0 < self.p < 1:
            return super().forward(input)
        n = input.numel()
        bits = torch.empty(-(-n // 4), dtype=torch.int64).random_(_LOWEST, None)
        lowest_kept = round(self.p * _LEVELS) - _LEVELS // 2
        kept = torch.empty_like(input, requires_grad=False)
        torch.ge(bits.view(torch.int16)[:n].view(input.shape), lowest_kept, out=kept)
        return torch.addcmul(_NOTHING.to(input.dtype), input, kept, value=1 / (1 - self.p))


_FASTER: dict[type[nn.Module], type[nn.Module]] = {
    nn.Conv1d: Conv1d,
    nn.BatchNorm1d: BatchNorm1d,
    nn.MaxPool1d: MaxPool1d,
    nn.AvgPool1d: AvgPool1d,
    nn.Dropout: Dropout,
}


def only(value: int | tuple[int, ...]) -> int:
    """A size along time, which PyTorch keeps as a number or as a tuple of one."""
    return value if isinstance(value, int) else value[0]


def _side_by_side(x: Tensor) -> Tensor:
    """Shape [a, b, 1, c] with the b together; as it is where it is so already."""
    x = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    if torch.onnx.is_in_onnx_export() or x.shape[1] > 1:  # a graph for any number of beats has no strides
        return x
    # One channel lies either way in memory; strides that say which way decide how the convolution's output lies.
    return x.as_strided(x.shape, (x.shape[3], 1, x.shape[3], 1))
