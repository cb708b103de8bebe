"""Scores by name: how they are called, written and compared; their mean and spread over replicates."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecg.compare.settings import Group, Setting
from ecg.errors import EcgError
from ecg.metrics.baselines import MAJORITY, NAMES, PER_PATIENT, control_keys
from ecg.metrics.confusion import FloatArray
from ecg.metrics.registry import PER_CLASS, metric
from ecg.page.numbers import NONE
from ecg.report.tables import headline
from ecg.runs.run import Run

BEAT_LEVEL, SUBJECT_LEVEL = "test/macro_f1", PER_PATIENT
COSTS = ("loss", "fit_s", "total_s")
"""Numbers of metrics.json that are no metrics, and better the smaller they are."""
_OWN: dict[str, dict[str, Any]] = {}
"""What runs say of their own metrics, by name."""


@dataclass(frozen=True)
class Measure:
    """A key of metrics.json.

    Attributes:
        key: e.g. `test/macro_f1`.
    """

    key: str

    @property
    def name(self) -> str:
        """As people say it: `macro-F1`, `AUROC per subject`."""
        stage, _, tail = self.key.partition("/")
        name = str(self._about("title", tail))
        if "/" in tail:
            part, _, last = tail.rpartition("/")
            name = f"{part} {Measure(f'test/{last}').name}"
        said = {"test": name, "subject": f"{name} per subject", "val": f"validation {name}"}
        if stage == "best":
            return str(Measure(tail).name)
        return said.get(stage, f"{stage} {name}")

    @property
    def title(self) -> str:
        """The name at the beginning of a line."""
        return self.name[:1].upper() + self.name[1:]

    @property
    def file(self) -> str:
        """The key as part of a file's name."""
        return self.key.replace("/", "_")

    @property
    def scale(self) -> int:
        """What a value is multiplied by when shown."""
        return 100 if self._about("percent", False) else 1

    @property
    def unit(self) -> str:
        """Written after a value, with its blank."""
        return " %" if self.scale == 100 else ""

    @property
    def lower_is_better(self) -> bool:
        """Whether the smaller value is the better one."""
        return not self._about("higher_is_better", self._tail not in COSTS)

    def _about(self, what: str, unknown: object) -> object:
        """What is known of the metric: of ours, of one's own, or of one that each class has (a share)."""
        if (one := metric(self._tail)) is not None:
            return getattr(one, what)
        if (title := PER_CLASS.get(self._tail)) is not None:
            return {"title": title, "percent": True, "higher_is_better": self._tail != "fpr"}.get(what, unknown)
        return _OWN.get(self._tail, {}).get(what, unknown)

    @property
    def _tail(self) -> str:
        return self.key.rpartition("/")[2]

    def show(self, value: float | None) -> str:
        """A value as in tables, without the unit."""
        return NONE if value is None else f"{self.scale * value:.2f}"


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over replicates.

    Attributes:
        mean: of the values.
        sd: with n - 1 below; None for a single value.
        n: number of values.
    """

    mean: float
    sd: float | None
    n: int


def spread(values: Iterable[float | None]) -> Spread | None:
    """Mean, standard deviation and n of the values there are; None without any."""
    there = [value for value in values if value is not None]
    if not there:
        return None
    return Spread(statistics.fmean(there), statistics.stdev(there) if len(there) > 1 else None, len(there))


def over_runs(runs: Iterable[Run], key: str) -> Spread | None:
    """`spread` of a metric."""
    return spread(run.value(key) for run in runs)


def numbers(runs: Iterable[Run], *keys: str) -> FloatArray:
    """These metrics of the runs that have all of them, shape [run, key]."""
    rows = [[run.value(key) for key in keys] for run in runs]
    return np.array([row for row in rows if None not in row], dtype=np.float64).reshape(-1, len(keys))


def shown_spread(found: Spread | None, measure: Measure) -> str:
    """`71.23 ± 1.05`, or the value alone where there is one replicate."""
    if found is None:
        return NONE
    return measure.show(found.mean) + ("" if found.sd is None else f" ± {measure.show(found.sd)}")


def control_lines(group: Group, measure: Measure) -> dict[str, float]:
    """Values of the controls that need no training, by name: majority class, nearest neighbour, chance for AUROC.

    The mean over runs, since another seed or fold may have other test beats.
    """
    found = {name: over_runs(group.runs, key) for name, key in control_keys(measure.key).items()}
    lines = {name: value.mean for name, value in found.items() if value is not None}
    if measure.key.endswith("/auroc") and NAMES[MAJORITY] not in lines:
        lines["chance"] = 0.5
    return lines


def scored(settings: Iterable[Setting], measure: Measure) -> list[tuple[Setting, Spread]]:
    """The settings of which any run has the metric, and its spread over their runs."""
    return [(setting, found) for setting in settings if (found := over_runs(setting.runs, measure.key))]


def best_setting(settings: Iterable[Setting], measure: Measure) -> tuple[Setting, Spread] | None:
    """The setting with the best mean; None if no run has the metric."""
    sign = -1 if measure.lower_is_better else 1
    return max(scored(settings, measure), key=lambda pair: sign * pair[1].mean, default=None)


def measures_of(runs: Sequence[Run], wanted: str | None) -> list[Measure]:
    """The wanted metric and, where runs have both, one of the other level (beat or subject).

    Without a wish it is the macro-F1 of the test beats or, of runs that were not tested, what chose their best epoch.

    Raises:
        EcgError: no finished run has the wanted metric; the message names those there are.
    """
    for run in runs:
        said = run.metrics.get("metrics")
        for name, about in said.items() if isinstance(said, dict) else ():
            if metric(name) is None and isinstance(about, dict) and isinstance(about.get("title"), str):
                _OWN[name] = about
    known = {key for run in runs if run.counts for key in run.metrics if run.value(key) is not None}
    if wanted is None:
        chose = [key for key in sorted(known) if key.startswith("best/")]
        wanted = BEAT_LEVEL if BEAT_LEVEL in known or not chose else chose[0]
    if known and wanted not in known:
        shown = ("test/", "subject/", "val/")
        names = [key for key in sorted(known) if key.count("/") == 1 and key.startswith(shown)]
        raise EcgError(f"--metric {wanted}: no run has it; there are {', '.join(names)}")
    other = BEAT_LEVEL if wanted.startswith("subject/") else SUBJECT_LEVEL
    return [Measure(key) for key in (wanted, other) if key in known or key == wanted]


def other_measures(runs: Sequence[Run], first: Sequence[Measure]) -> list[Measure]:
    """The headline scores that any run has, by beat and by subject, without those in `first`."""
    shown = [one.name for one in headline()] + [name for name, said in _OWN.items() if said.get("headline")]
    keys = [f"{stage}/{tail}" for stage in ("test", "subject") for tail in shown]
    taken = {measure.key for measure in first}
    return [Measure(key) for key in keys if key not in taken and any(run.value(key) is not None for run in runs)]
