"""What an evaluation says of itself: its data, its name, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ecg.config import RunConfig, compose
from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.evaluate.overlap import Overlap
from ecg.evaluate.words import side_note, split_notes, weights_notes
from ecg.recordings.download import sha256
from ecg.training.provenance import provenance
from ecg.training.weights import Weights


@dataclass(frozen=True)
class EvaluatedInfo(DataInfo):
    """Description of evaluated beats, whose split does not say who trained.

    Attributes:
        new_patients: whether it is certain that none of their patients trained the weights.
        side: the side of the split that was evaluated, or `all`.
    """

    new_patients: bool = False
    side: str = "test"

    @property
    def by_patient(self) -> bool:
        """Whether scores by record and patient, and intervals over patients, mean what they seem to."""
        return self.new_patients

    @property
    def scored(self) -> str:
        """What the beats are called."""
        return super().scored if self.side == "test" else "evaluated beats"


def evaluated_info(
    data: BeatData, weights: Weights, index: npt.NDArray[np.int64], common: Overlap, sentence: str, side: str
) -> EvaluatedInfo:
    """The data's description, with notes and counts that are about the evaluated beats and this training.

    Args:
        data: the evaluated data.
        weights: what is evaluated.
        index: positions of the evaluated beats.
        common: what they and training have in common.
        sentence: the same in words; the first of the notes.
        side: of the split, or `all`.
    """
    info, y = data.info, data.beats.y[index]
    leads = tuple(sorted({str(lead) for lead in data.beats.lead[index]}))
    of_source = (note for note in info.notes if note not in data.split.notes)
    said = {field.name: getattr(info, field.name) for field in fields(DataInfo)}
    said |= {
        "notes": (
            sentence,
            *weights_notes(weights, leads, simulated=info.simulated),
            *side_note(side),
            *of_source,
            *split_notes(data.split.notes, common, side=side),
        ),
        "leads": leads,
        "split": info.split if side in ("test", "all") else f"{info.split}, {side} side",
        "counts": {"evaluated": {name: int((y == c).sum()) for c, name in enumerate(info.classes)}},
    }
    return EvaluatedInfo(**said, new_patients=common.new_patients, side=side)


def evaluation_name(weights: Weights, config: RunConfig, info: DataInfo) -> str:
    """The run's own name and that this is no training; says so where only the weights are of simulated hearts."""
    name = str(weights.training.get("name") or config.name)
    simulated = " (trained on SIMULATED recordings)" if weights.info.simulated and not info.simulated else ""
    return f"{name}{simulated}, evaluated"


def how_made(config: RunConfig, weights: Weights, info: DataInfo, words: Sequence[str]) -> dict[str, object]:
    """For evaluation.json: commit, versions, weights, configuration.

    Args:
        config: of the evaluation.
        weights: what was evaluated.
        info: of the evaluated data.
        words: of the command, after `ecg evaluate`.
    """
    made = provenance(seed=config.seed, fingerprint=info.fingerprint, precision="32-true", wandb_id="")
    del made["wandb_id"]
    stored = {"file": str(weights.path.resolve()), "sha256": sha256(weights.path), "trained_on": weights.info.title}
    command = ["-m", "ecg.cli", "evaluate", *words]
    return {**made, "command": command, "weights": stored, "config": compose.as_dict(config)}


def headline_facts(name: str, config: RunConfig, weights: Weights) -> dict[str, object]:
    """For metrics.json beside the scores: what was evaluated, and under `own/` what it reached on its own test beats.

    Args:
        name: of the evaluation.
        config: of the evaluation.
        weights: what was evaluated.
    """
    own = {f"own/{key}": value for key, value in weights.training.items() if key.startswith("test/")}
    return {
        "name": name,
        "job_type": "evaluation",
        "model": config.model.name,
        "seed": weights.training.get("seed"),
        "limit_batches": weights.training.get("limit_batches"),
        "own/split": weights.info.split,
        "own/source": weights.info.source,
        **own,
    }
