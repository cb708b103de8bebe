"""Training: the LightningModule, losses, callbacks, loggers; what settings name by `_target_` is here.

Each loads when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecg.training.augment import Augment, ContextAugment, Mixup
    from ecg.training.classifier import BeatClassifier
    from ecg.training.easy_beats import FewerEasyBeats
    from ecg.training.ema import WeightEMA
    from ecg.training.labelling import Labelling
    from ecg.training.loggers import wandb_logger
    from ecg.training.losses import FocalLoss, WeightedCrossEntropy
    from ecg.training.rpeaks import RPeakLoss, RPeakTraining
    from ecg.training.warp import Warp

_HOMES = {
    "Augment": "ecg.training.augment",
    "BeatClassifier": "ecg.training.classifier",
    "ContextAugment": "ecg.training.augment",
    "FewerEasyBeats": "ecg.training.easy_beats",
    "FocalLoss": "ecg.training.losses",
    "Labelling": "ecg.training.labelling",
    "Mixup": "ecg.training.augment",
    "RPeakLoss": "ecg.training.rpeaks",
    "RPeakTraining": "ecg.training.rpeaks",
    "Warp": "ecg.training.warp",
    "WeightEMA": "ecg.training.ema",
    "WeightedCrossEntropy": "ecg.training.losses",
    "wandb_logger": "ecg.training.loggers",
}

__all__ = [
    "Augment",
    "BeatClassifier",
    "ContextAugment",
    "FewerEasyBeats",
    "FocalLoss",
    "Labelling",
    "Mixup",
    "RPeakLoss",
    "RPeakTraining",
    "Warp",
    "WeightEMA",
    "WeightedCrossEntropy",
    "wandb_logger",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562): who labels a recording needs no Lightning."""
    if name in _HOMES:
        globals()[name] = getattr(import_module(_HOMES[name]), name)
        return globals()[name]
    raise AttributeError(f"module 'ecg.training' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
