"""Linear probes (Alain and Bengio 2016, arXiv 1610.01644): what can be read from each layer with a straight cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch.nn import functional as F

from ecg.beats.table import Beats
from ecg.explain.features import fit_projections, project
from ecg.explain.sampling import IdentitySample
from ecg.metrics.bootstrap import bootstrap_intervals
from ecg.metrics.confusion import Scores, confusion_matrix
from ecg.models import LayeredModel
from ecg.progress import track

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PENALTY = 1e-3
FEWEST = 10
"""A class with fewer beats on either side is left out of the class probe."""


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


@dataclass(frozen=True)
class Question:
    """What is asked of every layer.

    Attributes:
        what: `class` or `record`.
        train_x, test_x: shape [beat, channel, sample].
        train_y, test_y: shape [beat], the answers, 0 to `len(names)` - 1.
        names: of the answers.
        groups: shape [test beat], whom to resample for the interval; None resamples beats.
    """

    what: str
    train_x: npt.NDArray[np.float32]
    train_y: Ints
    test_x: npt.NDArray[np.float32]
    test_y: Ints
    names: tuple[str, ...]
    groups: npt.NDArray[np.str_] | None


def class_question(train: Beats, test: Beats, classes: tuple[str, ...], *, by_patient: bool) -> Question | None:
    """Which class is the beat? Learnt from training beats, asked of test beats; None with fewer than two classes.

    Args:
        train: sample of the model's training beats.
        test: sample of its test beats.
        classes: class names.
        by_patient: whether the split keeps patients apart, so that intervals are over patients.
    """
    counts = [np.bincount(side.y, minlength=len(classes)) for side in (train, test)]
    kept = np.flatnonzero(np.minimum(*counts) >= FEWEST)
    if len(kept) < 2:
        return None
    number = np.full(len(classes), -1)
    number[kept] = np.arange(len(kept))
    a, b = (np.flatnonzero(number[side.y] >= 0) for side in (train, test))
    return Question(
        "class", train.x[a], number[train.y[a]], test.x[b], number[test.y[b]], tuple(classes[c] for c in kept),
        test.patient[b] if by_patient else None,
    )  # fmt: skip


def record_question(sample: IdentitySample) -> Question:
    """Whose beat is it? Learnt from each patient's earlier beats, asked of later ones."""
    beats, a, b = sample.beats, sample.train, sample.test
    return Question("record", beats.x[a], sample.person[a], beats.x[b], sample.person[b], sample.patients, None)


def ask(models: Mapping[str, LayeredModel], questions: list[Question], *, seed: int) -> pd.DataFrame:
    """Ask every layer of every model every question: the content of probes.csv.

    Args:
        models: by name, e.g. `trained`.
        questions: each with beats to learn from and beats to ask of.
        seed: of the components and the bootstrap.
    """
    rows = []
    for question in questions:
        for model_name, model in track(models.items(), f"asking layers for the {question.what}", len(models)):
            projections = fit_projections(model, question.train_x, seed)
            learnt = project(model, projections, question.train_x)
            asked = project(model, projections, question.test_x)
            for layer in projections:
                said = linear_probe(learnt[layer], question.train_y, asked[layer], len(question.names))
                row = {"layer": layer, "what": question.what, "model": model_name, **_scored(question, said, seed)}
                row |= {"features": learnt[layer].shape[1], "variance": projections[layer].explained}
                rows.append(row | {"train": len(question.train_y), "test": len(question.test_y)})
    return pd.DataFrame(rows)


def _scored(question: Question, said: Ints, seed: int) -> dict[str, float]:
    scores = Scores.of(confusion_matrix(question.test_y, said, len(question.names)))
    found = bootstrap_intervals(
        question.test_y, said, question.names, groups=question.groups, replicates=500, seed=seed
    ).get("balanced_accuracy", (float("nan"), float("nan")))
    return {
        "score": float(scores.balanced_accuracy),
        "low": found[0],
        "high": found[1],
        "chance": 1 / len(question.names),
        "macro_f1": float(scores.macro_f1),
    }


@dataclass(frozen=True)
class Rise:
    """Where in the model an answer appears and whether it remains.

    Attributes:
        layer: the first layer that reaches nine tenths of the way from chance to the best layer's score.
        score: its score.
        first: score of the input.
        best_layer: the layer with the highest score.
        best: its score.
        last_layer: the last layer before the head.
        last: its score.
        chance: what the majority class alone gives.
        certain: whether the best layer's 95 % interval lies above the input's.
    """

    layer: str
    score: float
    first: float
    best_layer: str
    best: float
    last_layer: str
    last: float
    chance: float
    certain: bool


def rise(probes: pd.DataFrame, what: str, model: str = "trained") -> Rise | None:
    """Where the answer to `what` rises; None where it was not asked."""
    if not len(probes):
        return None
    rows = probes[(probes["what"] == what) & (probes["model"] == model)]
    if not len(rows):
        return None
    layers, score = list(rows["layer"]), rows["score"].to_numpy(dtype=float)
    chance, best = float(rows["chance"].iloc[0]), int(score.argmax())
    first = int(np.flatnonzero(score - chance >= 0.9 * (score[best] - chance))[0])
    return Rise(
        layer=layers[first], score=float(score[first]), first=float(score[0]), best_layer=layers[best],
        best=float(score[best]), last_layer=layers[-2], last=float(score[-2]), chance=chance,
        certain=bool(rows["low"].iloc[best] > rows["high"].iloc[0]),
    )  # fmt: skip
