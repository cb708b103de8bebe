"""Linear probes (Alain and Bengio 2016, arXiv 1610.01644): what can be read from each layer by a linear classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from ecg.beats.grouping import evenly_spaced
from ecg.beats.table import Beats
from ecg.explain.arrays import Floats, Ints
from ecg.explain.features import fit_projections, project
from ecg.explain.view import Look
from ecg.metrics.bootstrap import bootstrap_intervals
from ecg.metrics.confusion import Scores, confusion_matrix
from ecg.models import LayeredModel
from ecg.progress import track

PENALTY = 1e-3


def linear_probe(train: Floats, y: Ints, test: Floats, n_classes: int) -> Ints:
    """Classes of `test` by a logistic regression fitted on `train`, each class weighing the same.

    The loss is convex with its ridge penalty, so the answer does not depend on a seed.

    Args:
        train: shape [beat, feature].
        y: shape [beat], class of the training beats; each class occurs.
        test: shape [beat, feature].
        n_classes: number of classes.

    Returns:
        shape [beat of test].
    """
    x, target = torch.from_numpy(train), torch.from_numpy(y)
    weight = torch.zeros(x.shape[1], n_classes, dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(n_classes, dtype=torch.float64, requires_grad=True)
    balance = 1 / torch.bincount(target, minlength=n_classes).clamp_min(1).double()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=150, history_size=10, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss: torch.Tensor = F.cross_entropy(x @ weight + bias, target, weight=balance)
        loss = loss + PENALTY * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return np.asarray((torch.from_numpy(test) @ weight + bias).argmax(dim=1).numpy())


def ask(
    models: Mapping[str, LayeredModel], questions: Mapping[str, Question], look: Look, *, seed: int
) -> pd.DataFrame:
    """Ask every layer of every model every question: the content of probes.csv.

    Args:
        models: by name, e.g. `trained`.
        questions: by name, each with beats to learn from and beats to ask of.
        look: what the models see of beats.
        seed: of the components and the bootstrap.
    """
    rows = []
    for what, question in questions.items():
        views = [look(beats) for beats in (question.train, question.test)]
        for model_name, model in track(models.items(), f"asking layers for the {what}", len(models)):
            projections = fit_projections(model, views[0], seed)
            learnt, asked = (project(model, projections, view) for view in views)
            for layer in projections:
                said = linear_probe(learnt[layer], question.train_y, asked[layer], len(question.names))
                row = {"layer": layer, "what": what, "model": model_name, **_scored(question, said, seed)}
                row |= {"features": learnt[layer].shape[1], "variance": projections[layer].explained}
                rows.append(row | {"train": len(question.train_y), "test": len(question.test_y)})
    return pd.DataFrame(rows)


def _scored(question: Question, said: Ints, seed: int) -> dict[str, float]:
    y, names, groups = question.test_y, question.names, question.test.patient if question.by_patient else None
    scores = Scores.of(confusion_matrix(y, said, len(names)))
    intervals = bootstrap_intervals(y, said, names, groups=groups, replicates=500, seed=seed)
    low, high = intervals.get("balanced_accuracy", (float("nan"), float("nan")))
    accuracy, f1 = float(scores.balanced_accuracy), float(scores.macro_f1)
    return {"score": accuracy, "low": low, "high": high, "chance": 1 / len(names), "macro_f1": f1}


@dataclass(frozen=True)
class Rise:
    """Where in the model an answer appears and whether it remains.

    Attributes:
        scores: by layer, the input first.
        reached: the first layer that reaches nine tenths of the way from chance to the best layer's score.
        best: the layer with the highest score.
        last: the last layer before the head.
        chance: what the majority class alone gives.
        certain: whether the best layer's 95 % interval lies above the input's.
    """

    scores: dict[str, float]
    reached: str
    best: str
    last: str
    chance: float
    certain: bool


def rise(probes: pd.DataFrame, what: str, model: str = "trained") -> Rise | None:
    """Where the answer to `what` rises; None where it was not asked."""
    if not len(probes):
        return None
    rows = probes[(probes["what"] == what) & (probes["model"] == model)].set_index("layer")
    if not len(rows):
        return None
    score, chance, best = rows["score"], float(rows["chance"].iloc[0]), str(rows["score"].idxmax())
    reached = (score - chance >= 0.9 * (score[best] - chance)).idxmax()
    certain = bool(rows["low"][best] > rows["high"].iloc[0])
    scores = {str(layer): value for layer, value in score.items()}
    return Rise(scores, str(reached), best, str(score.index[-2]), chance, certain)


FEWEST = 10
"""A class with fewer beats on either subset is left out of the class probe."""
FEWEST_PER_PATIENT = 8
MOST_PATIENTS = 48
TRAIN_SHARE, TEST_SHARE = 0.6, 0.3  # the tenth between them keeps neighbouring beats apart

WHY_NOT = {
    "class": f"Fewer than two classes have {FEWEST} training and {FEWEST} test beats: no class probe.",
    "record": "The source does not tell whose beats these are and when, or too few patients have enough: "
    "no record probe.",
}
"""Why a question was not asked."""


@dataclass(frozen=True)
class Question:
    """Beats to learn an answer from, and beats to ask for it.

    Attributes:
        train, test: the beats.
        train_y, test_y: shape [beat], the answers, 0 to `len(names)` - 1.
        names: of the answers.
        by_patient: whether intervals are over patients; else over beats.
    """

    train: Beats
    train_y: Ints
    test: Beats
    test_y: Ints
    names: tuple[str, ...]
    by_patient: bool = False


def class_question(train: Beats, test: Beats, classes: tuple[str, ...], *, by_patient: bool) -> Question | None:
    """Which class is the beat? Learnt from training beats, asked of test beats; None with fewer than two classes.

    Args:
        train: sample of the model's training beats.
        test: sample of its test beats.
        classes: class names.
        by_patient: whether the split keeps patients apart, so that intervals are over patients.
    """
    counts = [np.bincount(subset.y, minlength=len(classes)) for subset in (train, test)]
    kept = np.flatnonzero(np.minimum(*counts) >= FEWEST)
    if len(kept) < 2:
        return None
    learnt, asked = (subset.take(np.isin(subset.y, kept)) for subset in (train, test))
    names = tuple(classes[c] for c in kept)
    return Question(learnt, np.searchsorted(kept, learnt.y), asked, np.searchsorted(kept, asked.y), names, by_patient)


def record_question(beats: Beats, n: int) -> Question | None:
    """Whose beat is it? Learnt from each patient's earlier beats, asked of later ones.

    Beats of the commonest class alone, since otherwise the class would give patients away; the same number of each of
    at most 48 patients, `n` in all, evenly spaced in time. The first 60 % of a record train, the last 30 % test.

    Returns:
        None where the source does not tell whose beats they are or when, or fewer than two patients have enough.
    """
    if np.any(beats.patient == "") or not np.isfinite(beats.seconds).all():
        return None
    table = pd.DataFrame({"patient": beats.patient, "record": beats.record, "seconds": beats.seconds})
    table = table[beats.y == np.bincount(beats.y).argmax()].sort_values(["record", "seconds"])
    counts = table["patient"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    enough = counts.index[counts >= FEWEST_PER_PATIENT][:MOST_PATIENTS]
    if len(enough) < 2:
        return None
    table = table[table["patient"].isin(enough)]
    chosen = table.iloc[evenly_spaced(table["patient"].to_numpy(), max(FEWEST_PER_PATIENT, n // len(enough)))]
    chosen = chosen.assign(person=enough.get_indexer(chosen["patient"])).sort_values("person", kind="stable")
    records = chosen.groupby(["person", "record"])["seconds"]
    place = records.cumcount() / records.transform("size")  # how far into its record, 0 to 1
    early, late = chosen[place < TRAIN_SHARE], chosen[place >= 1 - TEST_SHARE]
    learnt, asked = (beats.take(subset.index.to_numpy()) for subset in (early, late))
    learnt_y, asked_y = (subset["person"].to_numpy(copy=True) for subset in (early, late))
    return Question(learnt, learnt_y, asked, asked_y, tuple(enough))
