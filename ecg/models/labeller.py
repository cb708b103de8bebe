"""A model as labelling needs it: the same logits with fewer operations, where nothing is learned.

A norm becomes part of the convolution before it. And what convolutions make of the zeros that fill a beat up behind its
last sample is known beforehand: it is computed once, from a beat of zeros alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ecg.models.faster import only
from ecg.models.layered import LayeredModel

Chain = Sequence[nn.Module]


def lengths(x: Tensor) -> Tensor:
    """Samples of each beat up to its last that is not zero; all of them where there is none.

    Args:
        x: shape [beat, lead, sample].

    Returns:
        Shape [beat].
    """
    present = (x != 0).any(dim=1)
    return present.shape[1] - present.flip(1).to(torch.uint8).argmax(dim=1)


@dataclass(frozen=True)
class Window:
    """The samples that one moment of a chain of layers is made of.

    Attributes:
        reach: their number.
        stride: from the first of them to the first of the next moment's.
    """

    reach: int
    stride: int

    @classmethod
    def of(cls, leaves: Chain) -> Window:
        """That of a chain of modules along time."""
        reach = stride = 1
        for leaf in leaves:
            if isinstance(leaf, nn.Conv1d | nn.MaxPool1d | nn.AvgPool1d):
                reach += (only(leaf.kernel_size) - 1) * only(getattr(leaf, "dilation", 1)) * stride
                stride *= only(leaf.stride)
        return cls(reach, stride)

    def samples(self, length: int) -> int:
        """How many samples make all moments that see any of the first `length` as their first."""
        return (-(-length // self.stride) - 1) * self.stride + self.reach


class Labeller:
    """A model's logits in eval mode, the quicker the shorter the longest beat of a batch is.

    Args:
        along: modules along time, without padding, a convolution first, in eval mode.
        connected: modules over what those give, flattened; a fully connected one first.
        input_shape: of one beat, (channel, sample).
    """

    def __init__(self, along: Chain, connected: Chain, input_shape: tuple[int, ...]) -> None:
        self._window = Window.of(along)
        with torch.inference_mode():
            self._convolved = nn.Sequential(*_folded(along))
            zeros = self._convolved(torch.zeros(1, *input_shape))[0].T  # [moment, channel]
            first, *rest = connected
            assert isinstance(first, nn.Linear)
            weight = first.weight.view(first.out_features, zeros.shape[1], zeros.shape[0]).transpose(1, 2)
            self._weight = weight.reshape(first.out_features, -1)  # moment after moment: a batch uses the first of them
            adds = torch.einsum("omc,mc->mo", weight, zeros).flip(0).cumsum(0).flip(0)
            self._bias = F.pad(adds, (0, 0, 0, 1)) + first.bias  # with what zeros add from each moment on
            self._rest = nn.Sequential(*rest)

    @classmethod
    def of(cls, model: LayeredModel) -> Labeller | None:
        """That of a model, which is left in eval mode and must not change afterwards.

        None where the model is not built so, or not on the processor.
        """
        if len(model.inputs) > 1 or not model.chain or next(model.parameters()).device.type != "cpu":
            return None
        leaves = list(_leaves(model.eval()))
        split = next((i for i, leaf in enumerate(leaves) if isinstance(leaf, nn.Flatten)), len(leaves))
        along, connected = leaves[:split], leaves[split + 1 :]
        fits = (
            (bool(along) and isinstance(along[0], nn.Conv1d))
            and all(map(_along_time, along))
            and (bool(connected) and isinstance(connected[0], nn.Linear) and connected[0].bias is not None)
            and all(isinstance(leaf, nn.Linear | nn.ReLU) for leaf in connected)
        )
        return cls(along, connected, model.input_shape) if fits else None

    @torch.inference_mode()
    def __call__(self, x: Tensor) -> Tensor:
        """Logits [beat, class] of beats [beat, channel, sample]."""
        longest = int(lengths(x).max())
        out = self._convolved(x[..., : self._window.samples(longest)])
        values = out.transpose(1, 2).flatten(1)
        logits: Tensor = self._rest(F.linear(values, self._weight[:, : values.shape[1]], self._bias[out.shape[2]]))
        return logits


def _along_time(leaf: nn.Module) -> bool:
    """Whether a module works along time and sees nothing beyond a beat's ends."""
    if isinstance(leaf, nn.Conv1d | nn.MaxPool1d | nn.AvgPool1d):
        return leaf.padding in (0, (0,)) and not getattr(leaf, "ceil_mode", False)
    return isinstance(leaf, nn.BatchNorm1d | nn.ReLU)


def _leaves(model: LayeredModel) -> Iterator[nn.Module]:
    """Modules in the order in which they work; what is not a chain stays whole. Dropout does nothing in eval mode."""
    waiting = list(model.layers.values())[::-1]
    while waiting:
        module = waiting.pop()
        if type(module) is nn.Sequential:
            waiting += list(module)[::-1]
        elif not isinstance(module, nn.Dropout):
            yield module


def _folded(leaves: Chain) -> list[nn.Module]:
    """The same chain with norms inside the convolutions before them, and without copies at each ReLU.

    A ReLU goes behind the maximum that follows it, where fewer values are left and the result is the same.
    """
    steps: list[nn.Module] = []
    for leaf in leaves:
        before = steps[-1] if steps else None
        if isinstance(leaf, nn.BatchNorm1d) and isinstance(before, nn.Conv1d):
            steps[-1] = fuse_conv_bn_eval(before, leaf)
        elif isinstance(leaf, nn.MaxPool1d) and isinstance(before, nn.ReLU):
            steps.insert(-1, leaf)
        else:
            steps.append(nn.ReLU(inplace=True) if isinstance(leaf, nn.ReLU) else leaf)
    return steps
