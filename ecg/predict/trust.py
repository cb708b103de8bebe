"""What is known of the weights: where they come from, and on which split their quality was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecg.beats.splits import LEAK_LINE
from ecg.page.numbers import number
from ecg.recordings.checksum import sha256
from ecg.runs.folder import read_json
from ecg.runs.run import run_around
from ecg.runs.weights import Weights

NO_DIAGNOSIS = "Research software. No medical device; these labels are no diagnosis."


@dataclass(frozen=True)
class Trust:
    """Facts on a weights file.

    Attributes:
        weights: the file's content.
        sha256: of the file.
        metrics: test metrics, by the keys of `metrics.json`: all of them where the run's folder is at hand, else the
            few that travel with the weights.
        trained_on: patients whose beats trained or validated, where the run's folder is at hand.
    """

    weights: Weights
    sha256: str
    metrics: Mapping[str, float]
    trained_on: frozenset[str]

    @property
    def sentence(self) -> str:
        """On which split the quality was measured, and how good it was."""
        info, known = self.weights.info, self.metrics
        simulated = " SIMULATED" if info.simulated else ""
        each = [
            f"{name} Se {100 * known[f'test/{name}/se']:.1f} % +P {100 * known[f'test/{name}/ppv']:.1f} %"
            for name in info.classes
            if {f"test/{name}/se", f"test/{name}/ppv"} <= known.keys()
        ]
        scores = ", ".join(filter(None, [*each, self._macro])) or "no scores are known"
        data = f"split {info.split} of{simulated} {info.dataset}, {info.origin}"
        return f"Measured on the test subset of {data}: {scores}."

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of any label must be told of the weights."""
        return (*self.weights.doubts, *(note for note in self.weights.info.notes if note == LEAK_LINE))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else the split says of itself."""
        return tuple(note for note in self.weights.info.notes if note != LEAK_LINE)

    @property
    def short(self) -> str:
        """The split and one number."""
        info, score = self.weights.info, self._macro or "its scores are not known"
        return f"Quality, measured on split {info.split} of {info.dataset}, {info.origin}: {score}; by class below."

    @property
    def _macro(self) -> str:
        macro, jk = self.metrics.get("test/macro_f1"), self.metrics.get("test/jk")
        said = [f"macro-F1 {100 * macro:.1f} %"] if macro is not None else []
        return ", ".join(said + ([f"jκ {100 * jk:.1f} %"] if jk is not None else []))

    def described(self) -> dict[str, object]:
        """For a summary in JSON."""
        info = self.weights.info
        return {
            "file": str(self.weights.path),
            "sha256": self.sha256,
            **{key: getattr(info, key) for key in ("dataset", "source", "simulated", "split", "segmentation")},
            "leads": list(info.leads),
            "quality": self.sentence,
            "warnings": [*self.warnings, *self.remarks],
            "test": dict(self.metrics),
        }


def trust(weights: Weights) -> Trust:
    """Gather what the weights file says, and the run folder around it, if it is in one.

    Raises:
        EcgError: the run folder's files are damaged.
    """
    run = run_around(weights.path)
    measured = run is not None and run.files.metrics.is_file()
    said: Mapping[str, Any] = read_json(run.files.metrics) if run is not None and measured else weights.training
    metrics = {key: float(v) for key, v in said.items() if key.startswith("test/") and number(v) is not None}
    patients = run.split["patients"] if run is not None and run.files.split.is_file() else {}
    known = frozenset(str(p) for subset in ("train", "val") for p in patients.get(subset, ()))
    known |= frozenset(map(str, weights.training.get("trained_patients", ())))
    return Trust(weights, sha256(weights.path), metrics, known)
