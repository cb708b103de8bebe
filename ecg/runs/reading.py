"""Small files of a run folder, of which nothing is taken on trust: they may be damaged, or a stranger's."""

from __future__ import annotations

import csv
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]

from ecg.atomic import whole_text
from ecg.config.root import RunConfig
from ecg.errors import EcgError
from ecg.runs.folder import plain
from ecg.targets import name_of

if TYPE_CHECKING:
    import pandas as pd


def save_config(config: RunConfig, path: Path) -> None:
    """Write the configuration, resolved, as YAML."""
    whole_text(path, yaml.safe_dump(config.as_dict(), sort_keys=False, allow_unicode=True))


def load_config(path: Path) -> RunConfig:
    """Read what `save_config` wrote. Nothing in it is resolved or run: it may come from a stranger.

    Raises:
        EcgError: no such file, it is damaged, or it does not fit this version.
    """
    from ecg.config.check import checked

    if not path.is_file():
        raise EcgError(f"{path.parent} is no run folder: it has no {path.name}")
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise EcgError(f"{path} is damaged: it is not what a run writes")
    if dangling := [f"{key}={value}" for key, value in flat(content).items() if "${" in str(value)]:
        raise EcgError(f"{path}: {dangling[0]} is not resolved; a run writes values only")
    try:
        return checked(content, own=False)
    except EcgError as error:
        raise EcgError(f"{path} does not fit this version of ecg: {error}") from None


def text_lines(path: Path) -> list[str]:
    """The lines of a text file; none where it cannot be read."""
    try:
        return [str(plain(line)) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return []


def read_table(path: Path, needed: tuple[str, ...], text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV file with the columns `needed`; those in `text` as text.

    Raises:
        EcgError: it is missing or damaged.
    """
    import pandas as pd

    if not path.is_file():
        raise EcgError(f"{path} is missing")
    try:
        table = pd.read_csv(path, dtype=dict.fromkeys(text, str), encoding="utf-8", keep_default_na=not text)
    except (OSError, ValueError, csv.Error, pd.errors.ParserError) as error:
        raise EcgError(f"{path} is damaged: {next(iter(str(error).splitlines()), 'no table')}") from None
    if missing := [name for name in needed if name not in table.columns]:
        raise EcgError(f"{path} is damaged: it has no column {missing[0]}")
    return table


def read_numbers(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """A CSV file of numbers with the columns `needed`.

    Raises:
        EcgError: it is missing or damaged.
    """
    table = read_table(path, needed)
    if text := [name for name, kind in table.dtypes.items() if kind.kind not in "iufb"]:
        raise EcgError(f"{path} is damaged: {plain(text[0])} holds something other than numbers")
    return table


def read_patients(path: Path) -> pd.DataFrame:
    """A patients.csv, with the patient as index; an empty cell is a number that is not known.

    Raises:
        EcgError: it is missing or damaged.
    """
    text = ("patient", "part", "database", "diagnosis", "sex")
    table = read_table(path, (*text, "label", "age", "model", "threshold_model"), text).set_index("patient")
    if table.index.has_duplicates or not len(table):
        told = "names a patient twice" if len(table) else "has no rows"
        raise EcgError(f"{path} is damaged: it {told}")
    numbers = [str(name) for name in table if name not in text]
    try:
        return table.assign(**{name: table[name].replace("", nan).astype(float) for name in numbers})
    except ValueError as error:
        raise EcgError(f"{path} is damaged: {plain(str(error))}") from None


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; None where it is missing or damaged."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return None if _shared(content, set()) else plain(content)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None


def _shared(value: Any, seen: set[int]) -> bool:
    """Whether a part stands in several places, which no run writes: ten lines of aliases can stand for gigabytes."""
    if not isinstance(value, dict | list):
        return False
    if id(value) in seen:
        return True
    seen.add(id(value))
    return any(_shared(one, seen) for one in (value.values() if isinstance(value, dict) else value))


def flat(content: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, by dotted keys; lists as text; `model.name` for what `model._target_` builds."""
    found: dict[str, Any] = {}
    for key, value in content.items() if isinstance(content, dict) else ():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        elif key == "_target_":
            found[f"{prefix}name"] = name_of(value)
        else:
            found[f"{prefix}{key}"] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return found
