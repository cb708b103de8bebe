"""BatchNorm statistics of a taken-over model, counted anew on the new data."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def reestimate_batchnorm(model: nn.Module, x: Tensor, *, batch_size: int = 1024) -> int:
    """Replace the running mean and variance of every BatchNorm by those of `x`; weights stay as they are.

    Args:
        model: left in eval mode.
        x: shape [beat, channel, sample], training beats.
        batch_size: beats at once; the statistics are means over batches.

    Returns:
        Number of BatchNorm layers.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
        norm.train()
    for part in torch.split(x, batch_size):
        if len(part) > 1:
            model(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.eval()
    return len(norms)
