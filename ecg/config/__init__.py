"""Config: the schemas of conf/, their range checks, and the way from a composed configuration to typed objects."""

from __future__ import annotations

from ecg.config.dataset import ArrhythmiaConfig, DatasetConfig, MIConfig
from ecg.config.job import Job
from ecg.config.model import CnnConfig, KachueeConfig, ModelConfig
from ecg.config.root import RunConfig
from ecg.config.tracking import TrackingConfig
from ecg.config.trainer import AugmentConfig, LossConfig, OptimizerConfig, ScheduleConfig, TrainerConfig
from ecg.config.transfer import TransferConfig

__all__ = [
    "ArrhythmiaConfig",
    "AugmentConfig",
    "CnnConfig",
    "DatasetConfig",
    "Job",
    "KachueeConfig",
    "LossConfig",
    "MIConfig",
    "ModelConfig",
    "OptimizerConfig",
    "RunConfig",
    "ScheduleConfig",
    "TrackingConfig",
    "TrainerConfig",
    "TransferConfig",
]
