"""What an evaluation says of itself, before any number: what trained the weights, its data, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ecg.beats.grouping import Index
from ecg.beats.splits import LEAK_LINE, SAME_SUBJECT_LINE
from ecg.config import RunConfig
from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.evaluate.overlap import Overlap
from ecg.recordings.checksum import sha256
from ecg.runs.lineage import Training
from ecg.runs.provenance import provenance
from ecg.runs.weights import Weights

MEMORY = "these scores measure memory, not how well the model does on new patients"


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
    data: BeatData, weights: Weights, index: Index, common: Overlap, sentence: str, side: str
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
    said = {
        **vars(info),
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
    made = provenance(
        seed=config.seed,
        fingerprint=info.fingerprint,
        precision="32-true",
        threads=torch.get_num_threads(),
        settings=list(words),
        wandb={},
    )
    stored = {"file": str(weights.path.resolve()), "sha256": sha256(weights.path), "trained_on": weights.info.title}
    command = ["-m", "ecg", "evaluate", *words]
    return {**made, "command": command, "weights": stored, "config": config.as_dict()}


def headline_facts(
    name: str, config: RunConfig, weights: Weights, common: Overlap, side: str, overrides: Sequence[str]
) -> dict[str, object]:
    """For metrics.json beside the scores: what was evaluated, and under `own/` what it reached on its own test beats.

    Args:
        name: of the evaluation.
        config: of the evaluation.
        weights: what was evaluated.
        common: what the evaluated beats and training have in common.
        side: of the split, or `all`.
        overrides: what was changed in the weights' own configuration.
    """
    own = {f"own/{key}": value for key, value in weights.training.items() if key.startswith("test/")}
    return {
        "name": name,
        "job_type": "evaluation",
        "model": config.model_name,
        "seed": weights.training.get("seed"),
        "limit_batches": weights.training.get("limit_batches"),
        "own/split": weights.info.split,
        "own/source": weights.info.source,
        **own,
        **common.described(),
        "side": side,
        "overrides": list(overrides),
    }


def overlap_sentence(found: Overlap, trained: Sequence[Training]) -> str:
    """How much of what is evaluated trained the weights."""
    titles = "; ".join(dict.fromkeys(training.title for training in trained))
    if found.elsewhere:
        return f"No patient in common: these are other recordings than those that trained the model ({titles})."
    if found.unknown:
        return f"OVERLAP UNKNOWN: whether these beats or patients trained the model cannot be known: {found.unknown}."
    if not found.validation:
        return _trained(found)
    chosen = f"{found.validation:,} evaluated beats chose its best epoch (validation), which flatters the scores."
    return f"{_trained(found)} {chosen}"


def _trained(found: Overlap) -> str:
    if found.beats:
        up_to = "up to " if found.at_most else ""
        shared = f"OVERLAP: {up_to}{found.beats:,} of the {found.of_beats:,} evaluated beats trained this model"
        return f"{shared}{_whose(found)}; {MEMORY}."
    if found.patients is None:
        return "No evaluated beat trained this model; whether its patients did cannot be known: the source names none."
    if found.patients > found.expected:
        shared = "OVERLAP: no evaluated beat trained this model, but other beats of the same patients did"
        return f"{shared}{_whose(found)}; {MEMORY}."
    if found.expected:
        return (
            f"No evaluated beat trained this model; of the {found.of_patients:,} patients {found.expected} did with "
            "another record, as the standard split has it."
        )
    return f"No patient in common: none of the {found.of_patients:,} evaluated patients trained this model."


def _whose(found: Overlap) -> str:
    """Records and patients, where they are known: ` (44 of 48 records, 43 of 47 patients)`."""
    if found.records is None or found.patients is None:
        return ""
    return f" ({found.records:,} of {found.of_records:,} records, {found.patients:,} of {found.of_patients:,} patients)"


def split_notes(given: Sequence[str], found: Overlap, *, side: str) -> tuple[str, ...]:
    """What the evaluated split says of itself, as far as it is about these beats and this training."""
    if side != "test":
        return ()
    dropped = set()
    if found.patients is not None or found.elsewhere:  # `overlap_sentence` says it with numbers
        dropped.add(LEAK_LINE)
    if found.elsewhere or not found.new_patients:
        dropped.add(SAME_SUBJECT_LINE)
    return tuple(note for note in given if note not in dropped)


def side_note(side: str) -> tuple[str, ...]:
    """Which beats were taken, where they are not the test side."""
    if side == "test":
        return ()
    taken = "Every beat of the source" if side == "all" else f"The {side} side of the split"
    return (f"{taken} was evaluated, not its test side.",)


def weights_notes(weights: Weights, leads: Sequence[str], *, simulated: bool) -> tuple[str, ...]:
    """What the weights' own training says against the evaluated beats."""
    said = []
    if weights.info.simulated and not simulated:
        said.append("The weights were trained on SIMULATED recordings: their labels say nothing about real hearts.")
    known = {lead.lower() for lead in weights.info.leads}
    if other := [lead for lead in leads if lead.lower() not in known]:
        said.append(
            f"Evaluated in lead {', '.join(other)}; the weights were trained on {', '.join(weights.info.leads)}."
        )
    return tuple(said)


def own_scores(weights: Weights) -> str:
    """What the weights reached on their own test beats, for comparison; empty where the file does not say."""
    names = {"accuracy": "accuracy", "balanced_accuracy": "balanced accuracy", "macro_f1": "macro-F1"}
    found = {said: weights.training.get(f"test/{key}") for key, said in names.items()}
    scores = [f"{said} {100 * value:.2f} %" for said, value in found.items() if isinstance(value, int | float)]
    if not scores:
        return ""
    return f"For comparison, on its own test beats ({weights.info.title}): {', '.join(scores)}."
