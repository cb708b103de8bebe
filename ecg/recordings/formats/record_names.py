"""A name for each recording of a call, so that no result replaces another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_TAKEN = ("index", "records")
"""Names of the pages and tables about all recordings of a call."""


def plain(name: str) -> str:
    """A name of the letters, digits, `-` and `_` that WFDB allows."""
    return re.sub(r"[^-\w]+", "_", name, flags=re.ASCII)


def record_names(given: Sequence[tuple[Path, str]]) -> list[str]:
    """A name for each recording: its own where no other has it, else with its folder, then with its ending.

    Two records `rec` become `sub1_rec` and `sub2_rec`, whatever order they are given in; two files `rec.csv` and
    `rec.edf` of one folder `rec_csv` and `rec_edf`. Upper and lower case are one, as on many disks.

    Args:
        given: path and own name of each.
    """
    names = [name for _, name in given]
    if len(given) < 2:
        return names
    count = Counter(name.lower() for name in names)
    for low in sorted(name for name, times in count.items() if times > 1):
        rows = [row for row, (_, name) in enumerate(given) if name.lower() == low]
        for row, name in zip(rows, _longer([(given[row][0].resolve(), given[row][1]) for row in rows]), strict=True):
            names[row] = name
    taken = set(_TAKEN)
    for row, name in enumerate(names):
        number, free = 2, name
        while free.lower() in taken:
            number, free = number + 1, f"{name}_{number}"
        names[row] = free
        taken.add(free.lower())
    return names


def _longer(given: Sequence[tuple[Path, str]]) -> list[str]:
    """The shortest names of one kind that tell the files apart."""
    folders = {path.parent for path, _ in given}
    for depth in range(len(folders) > 1, max(len(path.parts) for path, _ in given)):
        for ending in (False, True):
            made = [plain(_name(path, name, depth, ending=ending)) for path, name in given]
            if len({one.lower() for one in made}) == len(made):
                return made
    return [name for _, name in given]


def _name(path: Path, name: str, depth: int, *, ending: bool) -> str:
    return "_".join([*path.parts[-1 - depth : -1], f"{name}{path.suffix if ending else ''}"])
