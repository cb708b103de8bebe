"""Class probabilities of many beats: what testing, explaining and predicting share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ecg.data.batches import AT_ONCE
from ecg.models.labeller import Labeller, lengths
from ecg.progress import track
from ecg.training.memory import keep_freed_memory

LABELLED_AT_ONCE = 2 * AT_ONCE
"""Beats at once where zeros behind them are left out: each takes less of a processor's cache."""
ENOUGH = 4 * AT_ONCE
"""Beats for which it is worth preparing a model for labelling, which takes as long as labelling a hundred or two."""


@torch.inference_mode()
def probabilities(
    model: nn.Module, x: npt.NDArray[np.float32], *, doing: str = "labelling beats"
) -> npt.NDArray[np.float32]:
    """Softmax of the model's logits, in float32 whatever the training precision, with the model in eval mode.

    Args:
        model: gives logits [beat, class]; left in eval mode.
        x: shape [beat, channel, sample].
        doing: text beside the progress bar.

    Returns:
        shape [beat, class].
    """
    keep_freed_memory()
    model.eval()
    device = next(model.parameters()).device
    beats = torch.from_numpy(np.ascontiguousarray(x))
    labeller = Labeller.of(model) if len(beats) >= ENOUGH else None
    order = torch.arange(len(beats)) if labeller is None else lengths(beats).argsort(stable=True)
    parts = torch.split(order, AT_ONCE if labeller is None else LABELLED_AT_ONCE)
    found = []
    for part in track(parts, doing, total=len(parts)):
        batch = beats[part].to(device)
        logits = model(batch) if labeller is None else labeller(batch)
        found.append(logits.float().softmax(dim=1).cpu())
    out = torch.empty_like(together := torch.cat(found))
    out[order] = together
    return np.asarray(out.numpy())
