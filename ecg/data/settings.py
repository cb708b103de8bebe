"""Settings that data modules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from ecg.atomic import whole_folder
from ecg.beats.segmentations import Segmentation, make_segmentation
from ecg.beats.segmentations.scaling import MINMAX, MV, with_scaling
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.checks import BadSettingError, in_range
from ecg.errors import EcgError
from ecg.recordings.databases import DATABASES, BeatDatabase, Database
from ecg.targets import by_name


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
        in_range("val_fraction", val_fraction, 0, 0.5)
    if test_fraction is not None:
        in_range("test_fraction", test_fraction, 0, 0.9, include_low=False)
    in_range("batch_size", batch_size, 2)


D = TypeVar("D", bound=Database)


def chosen_databases(names: Sequence[str | D], kind: type[D], setting: str = "databases") -> tuple[D, ...]:
    """The databases that a setting names.

    Args:
        names: short names, import paths of one's own, or databases.
        kind: what they must be.
        setting: its name.

    Raises:
        BadSettingError: no such database, one of another kind, none or one twice.
    """
    registered = {name: one for name, one in DATABASES.items() if isinstance(one, kind)}
    if isinstance(names, str):
        raise BadSettingError(f"{setting}={names}: must be a list, e.g. [{names}]")
    if not names:
        raise BadSettingError(f"{setting}=[]: name one or more of {', '.join(registered)}")
    found = [by_name(setting, one, registered) if isinstance(one, str) else one for one in names]
    for name, one in zip(names, found, strict=True):
        if not isinstance(one, kind):
            raise BadSettingError(f"{setting}={name}: is no ecg.recordings.databases.{kind.__name__}")
    if len({one.name for one in found}) < len(found):
        raise BadSettingError(f"{setting}=[{', '.join(one.name for one in found)}]: names one twice")
    return tuple(found)


def chosen_segmentation(
    segmentation: str | Mapping[str, Any] | Segmentation,
    scaling: str | None,
    *,
    source: str = "",
    databases: Sequence[Database] = (),
) -> Segmentation:
    """The segmentation that settings ask for.

    Args:
        segmentation: as `make_segmentation` takes it.
        scaling: minmax, mv or qrs; None: the segmentation's own.
        source: as in `dataset.source`.
        databases: where the beats come from.

    Raises:
        BadSettingError: no such segmentation or scaling, or one that these data cannot have.
    """
    made = with_scaling(make_segmentation(segmentation), scaling)
    wanted = getattr(made, "scaling", MINMAX)
    if source == "kaggle" and wanted != MINMAX and made.name in ("kaggle", "paper"):
        raise BadSettingError(f"scaling={wanted}: the rows of dataset.source=kaggle are scaled to 0..1 already")
    if wanted == MV and (
        without := [one.name for one in databases if isinstance(one, BeatDatabase) and not one.calibrated]
    ):
        raise BadSettingError(f"scaling=mv: the amplitudes of {', '.join(without)} are not in mV; choose minmax or qrs")
    return made


SplitRule = Callable[[Beats], Split]


def chosen_split(name: str, registered: Mapping[str, Callable[..., Split]]) -> Callable[[Mapping[str, Any]], SplitRule]:
    """What makes, of a data module's settings, the rule that divides its beats; it is given those that it takes.

    Args:
        name: of a registered rule, or the import path of one's own: a function from beats, and any of the settings
            val_fraction, test_fraction, seed, classes, databases by name, to a `Split`.
        registered: rules that have a name.

    Raises:
        BadSettingError: no such rule.
    """
    rule = by_name("split", name, registered, also=("auto",))
    if not callable(rule):
        raise BadSettingError(f"split={name}: is no function")

    def made(settings: Mapping[str, Any]) -> SplitRule:
        takes = signature(rule).parameters
        given = {key: value for key, value in settings.items() if key in takes}
        return partial(rule, **given) if name in registered else partial(_own_split, rule, given, name)

    return made


def _own_split(rule: Callable[..., object], given: Mapping[str, Any], name: str, beats: Beats) -> Split:
    """What a rule of one's own gives, held to what a split is."""
    made = rule(beats, **given)
    if not isinstance(made, Split):
        raise EcgError(f"dataset.split={name}: gives {type(made).__name__}, not an ecg.beats.splits.Split")
    return made.check(beats)
