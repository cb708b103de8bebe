"""The beats that an exported model is checked on: the run's own test beats where they are at hand, else random ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.config import RunConfig, compose
from ecg.errors import EcgError
from ecg.recordings.data_dir import data_folder
from ecg.recordings.physionet import missing_files
from ecg.recordings.ptbdb import has_ptbdb
from ecg.recordings.ptbxl import has_ptbxl
from ecg.training.folder import RunFolder
from ecg.training.weights import Weights


@dataclass(frozen=True)
class Beats:
    """Beats to check with.

    Attributes:
        x: shape [beat, channel, sample].
        origin: where they come from, in words.
        real: whether they are beats, not random numbers.
    """

    x: npt.NDArray[np.float32]
    origin: str
    real: bool


def _has_kaggle(folder: Path) -> bool:
    return any((folder / "kaggle").glob("*.csv"))


AT_HAND: Mapping[tuple[str, str], Callable[[Path], bool]] = {
    ("arrhythmia", "physionet"): lambda folder: not missing_files(folder / "mitdb"),
    ("arrhythmia", "kaggle"): _has_kaggle,
    ("arrhythmia", "synthetic"): lambda folder: True,
    ("mi", "physionet"): lambda folder: has_ptbdb(folder / "ptbdb"),
    ("mi", "ptb-xl"): lambda folder: has_ptbxl(folder / "ptb-xl"),
    ("mi", "both"): lambda folder: has_ptbdb(folder / "ptbdb") and has_ptbxl(folder / "ptb-xl"),
    ("mi", "kaggle"): _has_kaggle,
    ("mi", "synthetic"): lambda folder: True,
}
"""For every dataset and source whether its files are below a data folder, since a check is worth no download."""


def beats_to_check(weights: Weights, *, data_dir: Path | None, most: int) -> Beats:
    """Test beats of the run around the weights, evenly spaced; random ones where that cannot be, and why.

    Args:
        weights: to be checked.
        data_dir: holds mitdb/ and so on; by default as the run's configuration says.
        most: number of beats.
    """
    try:
        x, title = _test_beats(weights, data_dir)
    except EcgError as error:
        x = np.random.default_rng(0).random((most, *weights.info.shape), dtype=np.float32)
        return Beats(x, f"{most:,} random beats, evenly distributed from 0 to 1 ({error})", real=False)
    some = x[np.unique(np.linspace(0, len(x) - 1, most).round().astype(np.int64))]
    return Beats(some, f"{len(some):,} of the {len(x):,} test beats of {title}", real=True)


def _test_beats(weights: Weights, data_dir: Path | None) -> tuple[npt.NDArray[np.float32], str]:
    """All test beats and the data's title.

    Raises:
        EcgError: why there are none.
    """
    run = RunFolder(weights.path.parent)
    if run.weights != weights.path or not run.config.is_file():
        raise EcgError("the weights stand alone, without their run folder")
    config: RunConfig = compose.load(run.config)
    folder = data_folder(data_dir or (Path(config.data_dir) if config.data_dir else None))
    dataset = config.dataset
    if not AT_HAND[dataset.name, dataset.source](folder):
        raise EcgError(f"the recordings of dataset.source={dataset.source} are not in {folder}; see --data-dir")
    data = config.build_data(folder)
    data.prepare_data()
    data.setup()
    if data.info.shape != weights.info.shape:
        raise EcgError(f"the run's beats have shape {data.info.shape}, the weights' {weights.info.shape}")
    return data.beats.x[data.split.test], data.info.title
