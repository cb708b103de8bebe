"""Class probabilities of many beats: what testing, explaining and predicting share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ecg.data.batches import AT_ONCE
from ecg.progress import track
from ecg.training.memory import keep_freed_memory


@torch.inference_mode()
def probabilities(
    model: nn.Module, x: npt.NDArray[np.float32], *, batch_size: int = AT_ONCE, doing: str = "labelling beats"
) -> npt.NDArray[np.float32]:
    """Softmax of the model's logits, in float32 whatever the training precision, with the model in eval mode.

    Args:
        model: gives logits [beat, class]; left in eval mode.
        x: shape [beat, channel, sample].
        batch_size: beats at once.
        doing: text beside the progress bar.

    Returns:
        shape [beat, class].
    """
    keep_freed_memory()
    model.eval()
    device = next(model.parameters()).device
    parts = torch.split(torch.from_numpy(np.ascontiguousarray(x)), batch_size)
    out = [model(part.to(device)).float().softmax(dim=1).cpu() for part in track(parts, doing, total=len(parts))]
    return np.asarray(torch.cat(out).numpy())
