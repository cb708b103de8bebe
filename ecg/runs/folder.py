"""The run folder: which file is called what, and that no run writes into another's folder."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecg.atomic import whole_file
from ecg.errors import EcgError


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run.

    Attributes:
        path: the folder.
    """

    path: Path

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

    @property
    def config(self) -> Path:
        """The resolved configuration; written first."""
        return self.path / "config.yaml"

    @property
    def provenance(self) -> Path:
        """Commit, versions, data fingerprint, seed, host."""
        return self.path / "provenance.json"

    @property
    def split(self) -> Path:
        """Which beats trained, validated and tested."""
        return self.path / "split.json"

    @property
    def history(self) -> Path:
        """One row per epoch."""
        return self.path / "history.csv"

    @property
    def predictions(self) -> Path:
        """One row per test beat."""
        return self.path / "predictions.csv"

    @property
    def metrics(self) -> Path:
        """The results; written last, so it tells a finished run."""
        return self.path / "metrics.json"

    @property
    def error(self) -> Path:
        """Why a job of a sweep failed, on its first line."""
        return self.path / "error.txt"

    @property
    def transfer(self) -> Path:
        """Where a transferred model's layers come from."""
        return self.path / "transfer.json"

    @property
    def records(self) -> Path:
        """Scores per test record, where records are known."""
        return self.path / "records.csv"

    @property
    def subjects(self) -> Path:
        """One row per test patient, where the label is the patient's and patients are kept apart."""
        return self.path / "subjects.csv"

    @property
    def summary(self) -> Path:
        """The table of results as Markdown."""
        return self.report / "results.md"

    @property
    def weights(self) -> Path:
        """The best weights with all that is needed to use them."""
        return self.path / "weights.safetensors"

    @property
    def checkpoints(self) -> Path:
        """best.ckpt and last.ckpt."""
        return self.path / "checkpoints"

    @property
    def best_checkpoint(self) -> Path:
        """The weights of the best epoch."""
        return self.checkpoints / "best.ckpt"

    @property
    def last_checkpoint(self) -> Path:
        """The end of the newest whole epoch."""
        return self.checkpoints / "last.ckpt"

    @property
    def page(self) -> Path:
        """The run's report as one page."""
        return self.report / "index.html"

    @property
    def report(self) -> Path:
        """Figures."""
        return self.path / "report"

    @property
    def lock(self) -> Path:
        """Held by the process that runs it; says who that is."""
        return self.path / ".lock"


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write strict JSON, whole or not at all; a number that is not finite becomes null."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(_strict(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")


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


def _strict(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
