"""The residual network of Kachuee et al. 2018 (doi 10.1109/ICHI.2018.00092)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ecg.errors import EcgError
from ecg.models.layered import LayeredModel

WIDTH = 32
KERNEL = 5
BLOCKS = 5


class ResidualBlock(nn.Module):
    """Two convolutions with a skip around them, ReLU, max-pooling by 5 with stride 2 (the paper's Figure 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(WIDTH, WIDTH, KERNEL, padding="same")
        self.second = nn.Conv1d(WIDTH, WIDTH, KERNEL, padding="same")
        self.pool = nn.MaxPool1d(5, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """[beat, 32, sample] to [beat, 32, (sample - 5) // 2 + 1]."""
        inner = self.second(F.relu(self.first(x)))
        # ReLU behind the maximum: the same result, of half as many values
        return F.relu(self.pool(inner + x))


def kachuee(*, input_shape: tuple[int, int] = (1, 187), n_classes: int = 5) -> LayeredModel:
    """Build the residual CNN: a convolution, five residual blocks, two fully connected layers. A block is one layer.

    Args:
        input_shape: (lead, sample) of one beat.
        n_classes: number of logits.

    Raises:
        EcgError: the beats are too short for five poolings.
    """
    channels, samples = input_shape
    layers: dict[str, nn.Module] = {"conv": nn.Conv1d(channels, WIDTH, KERNEL, padding="same")}
    for i in range(1, BLOCKS + 1):
        layers[f"block{i}"] = ResidualBlock()
        samples = (samples - 5) // 2 + 1
    if samples < 1:
        raise EcgError(f"model=kachuee needs beats of 125 samples or more, these have {input_shape[1]}")
    layers["fc"] = nn.Sequential(nn.Flatten(), nn.Linear(WIDTH * samples, WIDTH), nn.ReLU())
    layers["head"] = nn.Linear(WIDTH, n_classes)
    recipe = {"_target_": "ecg.models.kachuee"}
    return LayeredModel(layers, input_shape=input_shape, n_classes=n_classes, recipe=recipe)
