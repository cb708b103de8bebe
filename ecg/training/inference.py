"""Class probabilities of many beats: what testing, explaining and predicting share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ecg.data.batches import AT_ONCE
from ecg.models.labeller import Labeller, lengths
from ecg.progress import track
from ecg.training.memory import keep_freed_memory
from ecg.training.streams import streams

LABELLED_AT_ONCE = 2 * AT_ONCE
"""Beats at once where zeros behind them are left out: each takes less of a processor's cache."""
ENOUGH = 4 * AT_ONCE
"""Beats for which it is worth preparing a model for labelling, which takes as long as labelling a hundred or two."""


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
    beats = torch.from_numpy(np.ascontiguousarray(x))
    labeller = Labeller.of(model) if len(beats) >= ENOUGH else None
    if labeller is None:
        parts = torch.split(beats, AT_ONCE)
        return torch.cat([_softmax(model, part) for part in track(parts, doing, total=len(parts))]).numpy()
    order = lengths(beats).argsort(stable=True)
    chosen = torch.split(order, LABELLED_AT_ONCE)
    with streams() as each:
        found = each(lambda part: _softmax(labeller, beats[part]), chosen)
        together = torch.cat(list(track(found, doing, total=len(chosen))))
    out = torch.empty_like(together)
    out[order] = together
    return out.numpy()


@torch.inference_mode()
def _softmax(model: nn.Module | Labeller, beats: Tensor) -> Tensor:
    """Shape [beat, class], on the processor."""
    device = next(model.parameters()).device if isinstance(model, nn.Module) else beats.device
    probability: Tensor = model(beats.to(device)).float().softmax(dim=1).cpu()
    return probability
