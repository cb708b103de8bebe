"""Settings in order: which belong on one line over k, and which lines side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecg.compare.settings import LAYERS, SOURCE, Group, Setting, short_key
from ecg.report.style import INK
from ecg.runs.run import RANDOM

# Okabe-Ito, which colour-blind readers can tell apart
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#AA5FA0", "#E69F00", "#56B4E9")
GREY = "#7A7A7A"
CONTROLS = {RANDOM: GREY, "scratch": INK}
"""Colours of what no transfer is."""


@dataclass(frozen=True)
class Line:
    """Settings that differ in the number of retrained layers only.

    Attributes:
        label: for the legend.
        role: `transfer`, `random` or `scratch`.
        colour: as hex.
        settings: by k.
    """

    label: str
    role: str
    colour: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Panel:
    """Lines that share all settings outside the transfer, e.g. the model.

    Attributes:
        title: says them; empty where there is one panel.
        lines: transfer first, then the controls.
    """

    title: str
    lines: tuple[Line, ...]

    @property
    def settings(self) -> list[Setting]:
        """All of its lines."""
        return [setting for line in self.lines for setting in line.settings]


def outer_keys(group: Group) -> list[str]:
    """What differs outside the transfer, among the transfers if there are any.

    So a control trained otherwise (from scratch, for longer) still stands beside the transfers.
    """
    apart = [key for key in group.differs if not key.startswith("transfer.")]
    return [key for key in apart if len({setting.values.get(key) for setting in _transfers(group)}) > 1]


def _transfers(group: Group) -> list[Setting]:
    """The transfers; where there are none, all settings."""
    return [setting for setting in group.settings if setting.role == "transfer"] or list(group.settings)


def panels(group: Group) -> list[Panel]:
    """The settings as lines over k, in one panel per combination of `outer_keys`; a control is in each it fits."""
    keys = outer_keys(group)
    combinations = dict.fromkeys(tuple(setting.values.get(key) for key in keys) for setting in _transfers(group))
    found = []
    for combination in combinations:
        wanted = dict(zip(keys, combination, strict=True))
        mine = [s for s in group.settings if all(s.values.get(k, v) == v for k, v in wanted.items())]
        found.append(Panel(_said({k: v for k, v in wanted.items() if v}), tuple(_lines(mine, keys))))
    return found


def _lines(settings: Sequence[Setting], panel_keys: Sequence[str]) -> list[Line]:
    together: dict[tuple[str, str], list[Setting]] = {}
    for setting in settings:
        values = {k: v for k, v in setting.values.items() if k not in (LAYERS, *panel_keys)}
        if values.get(SOURCE) in (RANDOM, "null"):
            del values[SOURCE]
        together.setdefault((setting.role, _said(values)), []).append(setting)
    colours = iter(PALETTE * len(together))
    names = {"transfer": "transferred", RANDOM: "frozen random network", "scratch": "from scratch"}
    found = []
    for (role, said), members in together.items():
        colour = CONTROLS.get(role) or next(colours)
        label = f"{names[role]}, {said}" if said else names[role]
        found.append(Line(label, role, colour, tuple(sorted(members, key=lambda setting: setting.k or 0))))
    return found


def _said(values: Mapping[str, str | None]) -> str:
    return ", ".join(f"{short_key(key)}={Path(str(value)).name}" for key, value in values.items())
