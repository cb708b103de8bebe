"""What an evaluation says of itself, before any number: what trained the weights, its data, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ecg.beats.grouping import Index
from ecg.beats.splits import LEAK_LINE
from ecg.config import RunConfig
from ecg.data.info import DataInfo
from ecg.data.module import BeatData
from ecg.evaluate.overlap import Overlap
from ecg.metrics.classification import followed
from ecg.recordings.checksum import sha256
from ecg.recordings.databases import DATABASES, BeatDatabase
from ecg.runs.lineage import Training
from ecg.runs.provenance import provenance
from ecg.runs.weights import SIMULATED, Weights

MEMORY = "these scores measure memory, not how well the model does on new patients"


@dataclass(frozen=True)
class EvaluatedInfo(DataInfo):
    """Description of evaluated beats, whose split does not say who trained.

    Attributes:
        by_patient: whether it is certain that none of their patients trained the weights, so that scores by record and
            patient, and intervals over patients, mean what they seem to.
        subset: the subset of the split that was evaluated, or `all`.
    """

    subset: str = "test"

    @property
    def scored(self) -> str:
        """What the beats are called."""
        return super().scored if self.subset == "test" else "evaluated beats"


def evaluated_info(
    data: BeatData, weights: Weights, index: Index, common: Overlap, sentence: str, subset: str
) -> EvaluatedInfo:
    """The data's description, with notes and counts that are about the evaluated beats and this training.

    Args:
        data: the evaluated data.
        weights: what is evaluated.
        index: positions of the evaluated beats.
        common: what they and training have in common.
        sentence: the same in words; the first of the notes.
        subset: of the split, or `all`.
    """
    info, y = data.info, data.beats.y[index]
    leads = tuple(sorted({str(lead) for lead in data.beats.lead[index]}))
    of_source = (note for note in info.notes if note not in data.split.notes)
    about = (*weights_notes(weights, leads, simulated=info.simulated), *subset_note(subset))
    own = {
        "notes": (sentence, *about, *of_source, *split_notes(data.split.notes, common, subset=subset)),
        "leads": leads,
        "split": info.split if subset in ("test", "all") else f"{info.split}, {subset} subset",
        "by_patient": common.new_patients,
        "counts": {"evaluated": {name: int((y == c).sum()) for c, name in enumerate(info.classes)}},
        "subset": subset,
    }
    return EvaluatedInfo(**vars(info) | own)


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
    threads, typed, digest = torch.get_num_threads(), list(words), info.fingerprint
    made = provenance(
        seed=config.seed, fingerprint=digest, precision="32-true", threads=threads, settings=typed, wandb={}
    )
    stored = {"file": str(weights.path.resolve()), "sha256": sha256(weights.path), "trained_on": weights.info.title}
    command = ["-m", "ecg", "evaluate", *words]
    return {**made, "command": command, "weights": stored, "config": config.as_dict()}


def headline_facts(
    name: str, config: RunConfig, weights: Weights, common: Overlap, subset: str, overrides: Sequence[str]
) -> dict[str, object]:
    """For metrics.json beside the scores: what was evaluated, and under `own/` what it reached on its own test beats.

    Args:
        name: of the evaluation.
        config: of the evaluation.
        weights: what was evaluated.
        common: what the evaluated beats and training have in common.
        subset: of the split, or `all`.
        overrides: what was changed in the weights' own configuration.
    """
    own = {f"own/{key}": value for key, value in weights.training.items() if key.startswith("test/")}
    own |= {f"own/{key}": getattr(weights.info, key) for key in ("split", "source")}
    same = {key: weights.training.get(key) for key in ("seed", "limit_batches")}
    said = {"name": name, "job_type": "evaluation", "model": config.model_name, **same}
    return {**said, **own, **common.described(), "subset": subset, "overrides": list(overrides)}


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
        known = f"of the {found.of_patients:,} patients {found.expected} did with another record"
        return f"No evaluated beat trained this model; {known}, as the standard split has it."
    return f"No patient in common: none of the {found.of_patients:,} evaluated patients trained this model."


def _whose(found: Overlap) -> str:
    """Records and patients, where they are known: ` (44 of 48 records, 43 of 47 patients)`."""
    if found.records is None or found.patients is None:
        return ""
    return f" ({found.records:,} of {found.of_records:,} records, {found.patients:,} of {found.of_patients:,} patients)"


def split_notes(given: Sequence[str], found: Overlap, *, subset: str) -> tuple[str, ...]:
    """What the evaluated split says of itself, as far as it is about these beats and this training."""
    if subset != "test":
        return ()
    dropped = set[str]()
    if found.patients is not None or found.elsewhere:  # `overlap_sentence` says it with numbers
        dropped.add(LEAK_LINE)
    if found.elsewhere or not found.new_patients:
        dropped |= {one.split_note for one in DATABASES.values() if isinstance(one, BeatDatabase)}
    return tuple(note for note in given if note not in dropped)


def subset_note(subset: str) -> tuple[str, ...]:
    """Which beats were taken, where they are not the test subset."""
    if subset == "test":
        return ()
    taken = "Every beat of the source" if subset == "all" else f"The {subset} subset of the split"
    return (f"{taken} was evaluated, not its test subset.",)


def weights_notes(weights: Weights, leads: Sequence[str], *, simulated: bool) -> tuple[str, ...]:
    """What the weights' own training says against the evaluated beats."""
    said = [SIMULATED] if weights.info.simulated and not simulated else []
    known, own = {lead.lower() for lead in weights.info.leads}, ", ".join(weights.info.leads)
    if other := [lead for lead in leads if lead.lower() not in known]:
        said.append(f"Evaluated in lead {', '.join(other)}; the weights were trained on {own}.")
    return tuple(said)


def own_scores(weights: Weights) -> str:
    """What the weights reached on their own test beats, for comparison; empty where the file does not say."""
    found = {one.title: weights.training.get(f"test/{one.name}") for one in followed() if one.percent}
    scores = [f"{said} {100 * value:.2f} %" for said, value in found.items() if isinstance(value, int | float)]
    if not scores:
        return ""
    return f"For comparison, on its own test beats ({weights.info.title}): {', '.join(scores)}."
