"""What a reader must be told of an evaluation before any number."""

from __future__ import annotations

from collections.abc import Sequence

from ecg.beats.splits import LEAK_LINE, SAME_SUBJECT_LINE
from ecg.evaluate.lineage import Training
from ecg.evaluate.overlap import Overlap
from ecg.training.weights import Weights

MEMORY = "these scores measure memory, not how well the model does on new patients"


def overlap_sentence(found: Overlap, trained: Sequence[Training]) -> str:
    """How much of what is evaluated trained the weights."""
    titles = "; ".join(dict.fromkeys(training.title for training in trained))
    if found.elsewhere:
        return f"No patient in common: these are other recordings than those that trained the model ({titles})."
    if found.unknown:
        return f"OVERLAP UNKNOWN: whether these beats or patients trained the model cannot be known: {found.unknown}."
    return _trained(found) + _chosen(found)


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


def _chosen(found: Overlap) -> str:
    if not found.validation:
        return ""
    return f" {found.validation:,} evaluated beats chose its best epoch (validation), which flatters the scores."


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
