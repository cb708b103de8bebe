"""Settings that data modules share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ecg.atomic import whole_folder
from ecg.checks import in_range
from ecg.errors import EcgError


@dataclass(frozen=True)
class Simulated:
    """Recordings of virtual patients.

    Attributes:
        patients: their number.
        minutes: length of each recording.
        seed: of the recordings; a run's own seed leaves them as they are.
    """

    patients: int = 40
    minutes: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        in_range("patients", self.patients, 3, 1000)
        in_range("minutes", self.minutes, 0.5, 60)
        in_range("seed", self.seed, 0)

    def folder(self, task: str, cache: Path) -> Path:
        """Where the recordings for a task are; simulated now, whole or not at all, if they are not there yet.

        Raises:
            EcgError: the cache cannot be written or the disk is full.
        """
        from ecg.recordings.synthetic import write_arrhythmia, write_mi

        folder = cache / f"simulated-{task}-{self.patients}x{self.minutes:g}min-seed{self.seed}"
        if folder.exists():
            return folder
        try:
            with whole_folder(folder) as temporary:
                if task == "mi":
                    write_mi(temporary, patients=self.patients, seconds=60 * self.minutes, seed=self.seed)
                else:
                    write_arrhythmia(temporary, patients=self.patients, minutes=self.minutes, seed=self.seed)
        except OSError as error:
            why = error.strerror or "the disk is full"
            raise EcgError(f"cannot keep simulated recordings in {cache}: {why}; choose another cache_dir=") from None
        return folder


@dataclass(frozen=True)
class Folds:
    """One fold of a cross-validation by patient; the folds of one repeat test every patient once.

    Attributes:
        count: number of folds.
        index: the fold that tests, from 0.
        repeat: another repeat shuffles the patients anew; the run's seed does not.
    """

    count: int = 5
    index: int = 0
    repeat: int = 0

    def __post_init__(self) -> None:
        in_range("count", self.count, 2, 100)
        in_range("index", self.index, 0, self.count - 1)
        in_range("repeat", self.repeat, 0)


def check_fractions(*, val_fraction: float | None, test_fraction: float | None, batch_size: int) -> None:
    """Refuse shares and sizes that leave nothing to train on.

    Raises:
        BadSettingError: so it is.
    """
    if val_fraction is not None:
        in_range("val_fraction", val_fraction, 0, 0.5, include_low=False)
    if test_fraction is not None:
        in_range("test_fraction", test_fraction, 0, 0.9, include_low=False)
    in_range("batch_size", batch_size, 2)
