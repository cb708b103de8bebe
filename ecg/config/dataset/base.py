"""What the schemas of the `dataset` group share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ecg.config.checks import in_range

if TYPE_CHECKING:
    from ecg.beats.cuts import Cut
    from ecg.data.module import BeatData


@dataclass
class PaperCutConfig:
    """Settings of `dataset.cut=paper`."""

    rate: float = 125.0
    """Sampling rate of the beats in Hz."""
    window_s: float = 10.0
    """Window length in s."""
    threshold: float = 0.9
    """Least amplitude of an R candidate in its window, 0..1."""
    beat_rr: float = 1.2
    """Length of a beat in median RR intervals."""

    def __post_init__(self) -> None:
        in_range("dataset.paper.rate", self.rate, 20, 1000)
        in_range("dataset.paper.window_s", self.window_s, 2, 600)
        in_range("dataset.paper.threshold", self.threshold, 0, 1, include_low=False, include_high=False)
        in_range("dataset.paper.beat_rr", self.beat_rr, 0, 5, include_low=False)


@dataclass
class SyntheticConfig:
    """Settings of `dataset.source=synthetic`."""

    patients: int = 40
    """Number of virtual patients."""
    minutes: float = 5.0
    """Length of each recording."""
    seed: int = 0
    """Of the recordings; the run's own `seed` leaves them as they are."""

    def __post_init__(self) -> None:
        in_range("dataset.synthetic.patients", self.patients, 3, 10_000)
        in_range("dataset.synthetic.minutes", self.minutes, 0.5, 60)
        in_range("dataset.synthetic.seed", self.seed, 0)


@dataclass
class DatasetConfig:
    """What every dataset has."""

    augment_by_default: ClassVar[bool] = True
    """Whether `trainer.augment.when=auto` changes training beats."""
    with_baselines: ClassVar[bool] = False
    """Whether every run also scores the majority class and the nearest neighbour."""
    name: str = "?"
    source: str = "physionet"
    """Where recordings come from."""
    cut: str = "kaggle"
    """The rule that makes a beat's samples."""
    split: str = "auto"
    """Who trains and who tests."""
    val_fraction: float | None = None
    """Share of the training side kept for validation; null: 0.05 of the beats, 0.2 of the patients."""
    test_fraction: float | None = None
    """Share of the test side, where no standard split says it; null: 0.2, but 0.3 of the patients of dataset=mi."""
    paper: PaperCutConfig = field(default_factory=PaperCutConfig)
    synthetic: SyntheticConfig = field(default_factory=SyntheticConfig)

    def __post_init__(self) -> None:
        if self.val_fraction is not None:
            in_range("dataset.val_fraction", self.val_fraction, 0, 0.5, include_low=False)
        if self.test_fraction is not None:
            in_range("dataset.test_fraction", self.test_fraction, 0, 0.9, include_low=False)

    def build_cut(self) -> Cut:
        """The cut with its settings."""
        from ecg.beats.cuts import KaggleCut, PaperCut

        if self.cut == "kaggle":
            return KaggleCut()
        paper = self.paper
        return PaperCut(rate=paper.rate, window_s=paper.window_s, threshold=paper.threshold, beat_rr=paper.beat_rr)

    def build(self, *, data_dir: Path, cache: Path, batch_size: int, seed: int) -> BeatData:
        """The data module; nothing is read yet."""
        raise NotImplementedError
