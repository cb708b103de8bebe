"""The whole configuration of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import MISSING

from ecg.config.checks import in_range
from ecg.config.dataset import DatasetConfig
from ecg.config.model import ModelConfig
from ecg.config.tracking import TrackingConfig
from ecg.config.trainer import TrainerConfig
from ecg.config.transfer import TransferConfig

if TYPE_CHECKING:
    from ecg.data.module import BeatData


@dataclass
class RunConfig:
    """Everything that a run depends on; it does not change once composed."""

    dataset: DatasetConfig = MISSING
    model: ModelConfig = MISSING
    trainer: TrainerConfig = MISSING
    transfer: TransferConfig = field(default_factory=TransferConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    seed: int = 0
    """Of the weights, the order of beats, dropout and the random parts of a split."""
    data_dir: str | None = None
    """Folder that holds mitdb/, ptbdb/, ptb-xl/, kaggle/; null: ECG_DATA, or the platform's cache folder."""
    cache_dir: str | None = None
    """Folder for prepared beats and simulated recordings; null: the platform's cache folder."""
    output_dir: str = "outputs"
    """Folder that run folders are made in."""
    resume: str | None = None
    """A run folder to continue, with its own configuration."""
    rerun: bool = False
    """Start a sweep anew, even if the same one was begun before."""
    bootstrap: int = 2000
    """Replicates behind each interval."""

    def __post_init__(self) -> None:
        in_range("seed", self.seed, 0, 2**31 - 1)
        in_range("bootstrap", self.bootstrap, 0, 100_000)

    def build_data(self, data_dir: Path | None = None) -> BeatData:
        """The data module of the run; nothing is read yet.

        Args:
            data_dir: another folder than the run's own.
        """
        from ecg.recordings.data_dir import data_folder

        named = data_dir or (Path(self.data_dir) if self.data_dir else None)
        return self.dataset.build(
            data_dir=data_folder(named),
            cache=self.cache,
            batch_size=self.trainer.batch_size,
            seed=self.seed,
        )

    @property
    def cache(self) -> Path:
        """Folder for prepared beats, features and simulated recordings."""
        from ecg.recordings.data_dir import cache_folder

        return cache_folder(Path(self.cache_dir) if self.cache_dir else None)

    @property
    def name(self) -> str:
        """Says what the run is: `arrhythmia-cnn-seed0`, `mi-cnn-k3-seed0`."""
        return run_name(self.dataset.name, self.model.name, self.transfer, self.seed)


def run_name(dataset: str, model: str, transfer: TransferConfig, seed: int) -> str:
    """Name of a run and end of its folder's name; only the arrhythmia job leaves out that it starts from scratch."""
    start = "" if dataset == "arrhythmia" and transfer.short == "scratch" else f"{transfer.short}-"
    return f"{dataset}-{model}-{start}seed{seed}"
