"""Training: the LightningModule, losses, callbacks, loggers; what settings name by `_target_` is here."""

from __future__ import annotations

from ecg.training.augment import Augment, ContextAugment
from ecg.training.classifier import BeatClassifier
from ecg.training.ema import WeightEMA
from ecg.training.labelling import Labelling
from ecg.training.loggers import wandb_logger
from ecg.training.losses import FocalLoss, WeightedCrossEntropy
from ecg.training.rpeaks import RPeakLoss, RPeakTraining

__all__ = [
    "Augment",
    "BeatClassifier",
    "ContextAugment",
    "FocalLoss",
    "Labelling",
    "RPeakLoss",
    "RPeakTraining",
    "WeightEMA",
    "WeightedCrossEntropy",
    "wandb_logger",
]
