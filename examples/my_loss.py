"""A loss of one's own."""

from torch import Tensor, nn
from torch.nn import functional as F


class Smooth(nn.Module):
    """Cross-entropy with smoothed labels; `smoothing` is a setting: loss.smoothing=0.1."""

    def __init__(self, smoothing: float = 0.05) -> None:
        super().__init__()
        self.smoothing = smoothing

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of logits [beat, class] and class numbers [beat]."""
        return F.cross_entropy(logits, target, label_smoothing=self.smoothing)
