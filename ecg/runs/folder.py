"""The run folder: which file is called what, and that no run writes into another's folder."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecg.atomic import whole_text
from ecg.errors import EcgError


class _Part:
    """A path below a run folder, as an attribute of `RunFolder`."""

    def __init__(self, below: str) -> None:
        self.below = below

    def __get__(self, folder: RunFolder, kind: type) -> Path:
        return folder.path / self.below


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run.

    Attributes:
        path: the folder.
    """

    path: Path

    config = _Part("config.yaml")
    """The resolved configuration; written first."""
    provenance = _Part("provenance.json")
    """Commit, versions, data fingerprint, seed, host."""
    split = _Part("split.json")
    """Which beats trained, validated and tested."""
    history = _Part("history.csv")
    """One row per epoch."""
    predictions = _Part("predictions.csv")
    """One row per test beat."""
    metrics = _Part("metrics.json")
    """The results; written last, so it tells a finished run."""
    error = _Part("error.txt")
    """Why a job of a sweep failed, on its first line."""
    transfer = _Part("transfer.json")
    """Where a transferred model's layers come from."""
    left_out = _Part("left_out.csv")
    """Which records could not be used, and why; where there are any."""
    records = _Part("records.csv")
    """Scores per test record, where records are known."""
    subjects = _Part("subjects.csv")
    """One row per test patient, where the label is the patient's and patients are kept apart."""
    patients = _Part("patients.csv")
    """One row per patient who was scored, with age, sex and every scorer, where the label is a diagnosis."""
    summary = _Part("report/results.md")
    """The table of results as Markdown."""
    weights = _Part("weights.safetensors")
    """The best weights with all that is needed to use them."""
    checkpoints = _Part("checkpoints")
    """best.ckpt and last.ckpt."""
    best_checkpoint = _Part("checkpoints/best.ckpt")
    """The weights of the best epoch."""
    last_checkpoint = _Part("checkpoints/last.ckpt")
    """The end of the newest whole epoch."""
    page = _Part("report/index.html")
    """The run's report as one page."""
    report = _Part("report")
    """Figures."""
    lock = _Part(".lock")
    """Held by the process that runs it."""
    running = _Part(".running.json")
    """Says which process that is."""

    def check(self, *, resume: bool) -> None:
        """Refuse a folder that holds a run, or with `resume` one whose run is finished.

        Raises:
            EcgError: so it is; the message says what to do instead.
        """
        path = self.path
        if resume and self.metrics.exists():
            raise EcgError(f"resume={path}: that run is finished; its results are in {self.metrics}")
        if self.config.exists() and not resume:
            raise EcgError(f"{path} holds a run already; continue it with resume={path}, or choose another output_dir=")

    def make(self) -> None:
        """Make the folder and its parts.

        Raises:
            EcgError: it cannot be written.
        """
        try:
            for part in (self.checkpoints, self.report):
                part.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror
            raise EcgError(f"cannot write the run folder {self.path}: {why}; choose another output_dir=") from None


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write strict JSON, whole or not at all; a number that is not finite becomes null."""
    strict = json.loads(json.dumps(content, default=dict), parse_constant=lambda _: None)
    whole_text(path, json.dumps(strict, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        EcgError: the file is missing or damaged, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EcgError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise EcgError(f"{path} is damaged: no JSON ({error})") from None
    if not isinstance(content, dict):
        raise EcgError(f"{path} is damaged: it holds {_kind(content)}, not names and values")
    return {str(key): plain(value) for key, value in content.items()}


def plain(value: Any) -> Any:
    """A stranger's JSON or YAML without control characters, which would steer the terminal that shows them.

    Nor halves of characters, which no file can hold, nor marks that turn the direction of writing.
    """
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, list):
        return [plain(one) for one in value]
    return {plain(k): plain(v) for k, v in value.items()} if isinstance(value, dict) else value


_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def _kind(value: object) -> str:
    names = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "nothing")
