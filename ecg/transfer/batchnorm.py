"""BatchNorm statistics of a taken-over model, counted anew on the new data."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from ecg.models import LayeredModel


@torch.no_grad()
def reestimate_batchnorm(model: LayeredModel, inputs: Mapping[str, Tensor], *, batch_size: int = 1024) -> int:
    """Replace the running mean and variance of the BatchNorm layers that work on one beat; weights stay as they are.

    Args:
        model: left in eval mode.
        inputs: of training beats, by name, shape [beat, ...].
        batch_size: beats at once; the statistics are means over batches.

    Returns:
        Number of BatchNorm layers.
    """
    layers = [model.layers[name] for name in model.alone]
    norms = [module for layer in layers for module in layer.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
        norm.train()
    for part in torch.split(torch.arange(len(next(iter(inputs.values())))), batch_size):
        if len(part) > 1:  # one beat has no variance
            model.run({name: x[part] for name, x in inputs.items()}, model.alone)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
    return len(norms)
