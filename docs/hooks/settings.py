"""The tables of every config group, made of conf/ and of the signatures and docstrings that settings are checked by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from griffe import Docstring, DocstringSectionKind
from mkdocs.structure.pages import Page

from ecg.config.signature import REQUIRED, signature
from ecg.targets import locate

CONF = Path(__file__).parents[2] / "conf"
MARK = re.compile(r"<!-- settings of (\w+) -->")


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put a group's tables where a page has `<!-- settings of GROUP -->`."""
    return MARK.sub(lambda found: "\n".join(_group(found[1])), markdown)


def _group(group: str) -> Iterator[str]:
    for path in sorted((CONF / group).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        said = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#") and "@package" not in line]
        yield f"\n### `{group}={path.stem}`\n\n{' '.join(said)}\n"
        content = yaml.safe_load(text) or {}
        for prefix, node in _nodes(content, group):
            yield from _table(prefix, node)


def _nodes(content: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a file builds, by the key that it stands at."""
    if "_target_" in content:
        yield prefix, content
    for key, value in content.items():
        if isinstance(value, dict) and "_target_" in value:
            yield f"{prefix}.{key}", value


def _table(prefix: str, node: dict[str, Any]) -> Iterator[str]:
    target = node["_target_"]
    if not target.startswith("ecg."):
        values = ", ".join(f"`{key}={_shown(value)}`" for key, value in node.items() if key != "_target_")
        yield f"`{target}` with all of its parameters{f'; here {values}' if values else ''}.\n"
        return
    built = locate(target, prefix)
    meanings = dict(_meanings(built))
    yield f"Builds [`{target}`][{target}].\n" if target in DOCUMENTED else f"Builds `{target}`.\n"
    rows = [
        row
        for name, one in signature(built).parameters.items()
        if name not in GIVEN
        for row in _rows(name, node.get(name, one.default), meanings.get(name, ""))
    ]
    if rows:
        yield "\n".join(["| key | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _rows(name: str, value: Any, meaning: str) -> Iterator[str]:
    """A key, or the keys of a group of settings below it."""
    if not is_dataclass(value) or isinstance(value, type):
        yield f"| `{name}` | {_default(value)} | {meaning} |"
        return
    meanings = dict(_meanings(type(value)))
    yield f"| `{name}` | | {meaning} |"
    for one in fields(value):
        yield from _rows(f"{name}.{one.name}", getattr(value, one.name), meanings.get(one.name, ""))


GIVEN = {"inputs", "input_shape", "n_classes", "class_counts", "class_names", "data_dir", "cache_dir", "seed"}
"""What the run itself passes."""
DOCUMENTED = {
    "ecg.data.ArrhythmiaDataModule", "ecg.data.MIDataModule", "ecg.data.OwnDataModule", "ecg.training.WeightEMA",
    "ecg.training.FewerEasyBeats",
}  # fmt: skip
"""What docs/api.md has an entry for."""


def _meanings(built: Any) -> Iterator[tuple[str, str]]:
    """What a docstring says of each parameter or attribute; a class's bases first, which it may say more exactly."""
    for one in reversed(built.__mro__ if isinstance(built, type) else (built,)):
        text = one.__doc__ or ""
        if is_dataclass(one) and text.startswith(f"{one.__name__}("):
            continue
        for section in Docstring(text).parse("google", warnings=False):
            if section.kind in (DocstringSectionKind.parameters, DocstringSectionKind.attributes):
                for item in section.value:
                    yield item.name, _plain(item.description)


def _plain(text: str) -> str:
    """What a docstring says, as it is typed in settings, in one line of a table."""
    line = " ".join(text.split()).replace("None:", "null:").replace("one's own", "your own")
    return "`".join(part if i % 2 else part.replace("|", "\\|") for i, part in enumerate(line.split("`")))


def _default(value: Any) -> str:
    if value is REQUIRED:
        return "required"
    return f"`{_shown(value)}`"


def _shown(value: Any) -> str:
    """As it is typed."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(one) for one in value) + "]"
    return str(value)
