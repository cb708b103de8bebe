"""The work behind the page: maps, trust, layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecg.beats.table import Beats
from ecg.explain.activations import TimeAxis, collect, last_time_layer, time_axes
from ecg.explain.arrays import Floats, Floats32
from ecg.explain.cka import compare_layers
from ecg.explain.deletion import AREA, AREA_LESS, RANDOM, area, curves
from ecg.explain.features import fit_projections, project
from ecg.explain.findings import Findings, Layers, Mapped, Trust
from ecg.explain.maps import METHODS, Explainers, explainers, log_odds
from ecg.explain.probes import ask
from ecg.explain.questions import WHY_NOT, class_question, record_question
from ecg.explain.sampling import balanced_sample, telling_beats
from ecg.explain.shares import attribution_table
from ecg.explain.subject import Subject
from ecg.explain.trust import Check, Checks, Footing, cascade, trust_rows, untrained
from ecg.explain.waves import signal_mask, waves
from ecg.runs.weights import Weights
from ecg.training.inference import probabilities

FEWER_STEPS = 16
Doing = Callable[[str], None]


@dataclass(frozen=True)
class Amounts:
    """How much is looked at; all follow from the one number a user gives.

    Attributes:
        probed: beats per side of the class probe, and of the record probe.
        mapped: beats whose attribution is mapped.
        tested: of those, the beats of the costly checks: cascade, deletion and insertion.
        shown: dots in the embeddings, and beats behind CKA.
        draws: random draws of weights and of orders.
    """

    probed: int
    mapped: int
    tested: int
    shown: int
    draws: int = 3

    @classmethod
    def of(cls, beats: int) -> Amounts:
        """Shares of `beats`, with ceilings where more would cost time and show nothing."""
        return cls(beats, min(max(beats // 10, 40), 600), min(max(beats // 60, 12), 100), min(beats, 1000))


def study(subject: Subject, amounts: Amounts, *, layer: str | None, seed: int, doing: Doing) -> Findings:
    """All findings on one model.

    Args:
        subject: the model and its data.
        amounts: how much to look at.
        layer: where Grad-CAM looks; None takes the last layer that still tells moments apart.
        seed: of samples, random weights, random orders and intervals.
        doing: told what is being done.

    Raises:
        EcgError: no such layer, or captum is not installed.
    """
    rng = np.random.default_rng(seed)
    axes = time_axes(subject.weights.model)
    cam_layer = last_time_layer(axes, layer)
    doing("mapping which samples speak for the predicted class")
    sample = subject.test.take(balanced_sample(subject.test, amounts.mapped, rng))
    baseline = class_mean(sample)
    methods = explainers(baseline, cam_layer, axes[cam_layer])
    mapped = _map(subject, sample, methods, baseline, cam_layer)
    right = mapped.called == sample.y
    attribution = attribution_table(mapped.maps, mapped.waves, sample.y, right, subject.info.classes, seed)
    doing("checking whether the maps can be trusted")
    quick = explainers(baseline, cam_layer, axes[cam_layer], steps=FEWER_STEPS)
    trust = _trust(subject, mapped, methods, quick, amounts, seed)
    doing("asking each layer what it knows")
    layers = _layers(subject, mapped, axes, amounts, seed, rng)
    notes = (subject.source_note,) if subject.source_note else ()
    return Findings(subject.name, subject.info, notes, mapped, attribution, trust, layers)


def class_mean(beats: Beats) -> Floats32:
    """The average of the classes' average beats, shape [channel, sample]."""
    means = [beats.x[beats.y == c].mean(axis=0) for c in np.unique(beats.y)]
    return np.asarray(np.mean(means, axis=0), dtype=np.float32)


def _map(subject: Subject, sample: Beats, methods: Explainers, baseline: Floats32, layer: str) -> Mapped:
    model, info = subject.weights.model, subject.info
    probability = probabilities(model, sample.x)
    called = probability.argmax(axis=1).astype(np.int64)
    maps = {name: method(model, sample.x, called) for name, method in methods.items()}
    wanted = log_odds(model, sample.x)[np.arange(len(called)), called] - log_odds(model, baseline[None])[0, called]
    missed = np.abs(maps[METHODS[0]].sum(axis=1) - wanted) / max(float(np.abs(wanted).mean()), 1e-12)
    embedding = list(collect(model, sample.x).values())[-2].flatten(1).double().numpy()
    chosen = telling_beats(sample.y, probability, embedding, info.classes)
    label = waves(sample, info.cut, info.fs)
    return Mapped(sample, probability, maps, label, baseline, layer, missed, chosen)


def _trust(
    subject: Subject, mapped: Mapped, methods: Explainers, quick: Explainers, amounts: Amounts, seed: int
) -> Trust:
    """All checks; `quick` takes fewer steps than `methods`, for the cascade, which maps each beat many times."""
    model, beats, maps = subject.weights.model, mapped.beats, mapped.maps
    footing = Footing.of(beats.x, mapped.called, signal_mask(beats.x), subject.info.fs)
    few = balanced_sample(beats, amounts.tested, np.random.default_rng(seed))
    checks: Checks = {(Check.COMPLETENESS, METHODS[0], ""): mapped.completeness}
    for name in METHODS[1:]:
        checks[Check.METHODS, f"{METHODS[0]} and {name}", ""] = footing.agreement(maps[METHODS[0]], maps[name])
    for name, map_ in maps.items():
        checks[Check.ANYWAY, name, ""] = footing.other_beats(map_, np.random.default_rng(seed))
    for who, other in subject.others.items():
        for name, values in _same_call(other, mapped, footing, methods).items():
            checks[Check.SEEDS, name, who] = values
    falls = cascade(model, footing.take(few), quick, draws=amounts.draws, seed=seed)
    checks |= {(Check.RANDOM_WEIGHTS, name, f"head to {layer}"): values for (name, layer), values in falls.items()}
    tested = {name: map_[few] for name, map_ in maps.items()}
    drawn = curves(model, footing.take(few), tested, mapped.baseline, draws=amounts.draws, seed=seed)
    for kind, by_order in drawn.items():
        areas = {order: area(curve) for order, curve in by_order.items()}
        checks |= {(AREA.format(kind), order, ""): values for order, values in areas.items()}
        checks |= {(AREA_LESS.format(kind), name, ""): areas[name] - areas[RANDOM] for name in tested}
    return Trust(checks, trust_rows(checks, seed), drawn)


def _same_call(other: Weights, mapped: Mapped, footing: Footing, methods: Explainers) -> dict[str, Floats]:
    """Rank correlation of two runs' maps, by method, on the beats that both call the same."""
    same = np.flatnonzero(probabilities(other.model, mapped.beats.x).argmax(axis=1) == mapped.called)
    if len(same) == 0:
        return {name: np.empty(0) for name in methods}
    part = footing.take(same)
    return {
        name: part.agreement(mapped.maps[name][same], method(other.model, part.x, part.target))
        for name, method in methods.items()
    }


def _layers(
    subject: Subject, mapped: Mapped, axes: dict[str, TimeAxis], amounts: Amounts, seed: int, rng: np.random.Generator
) -> Layers:
    model, info = subject.weights.model, subject.info
    train, test = (side.take(balanced_sample(side, amounts.probed, rng)) for side in (subject.train, subject.test))
    questions = {
        "class": class_question(train, test, info.classes, by_patient=info.by_patient),
        "record": record_question(subject.test, amounts.probed),
    }
    asked = {what: question for what, question in questions.items() if question is not None}
    source = {"source": subject.source.model} if subject.source is not None else {}
    others = {name: weights.model for name, weights in subject.others.items()}
    shown = test.take(np.sort(rng.permutation(len(test))[: amounts.shown]))
    features = project(model, fit_projections(model, shown.x, seed), shown.x)
    return Layers(
        axes=axes,
        outputs=collect(model, mapped.beats.x),
        probes=ask({"trained": model, "untrained": untrained(model, seed)} | source, asked, seed=seed),
        silent=tuple(WHY_NOT[what] for what in questions if what not in asked),
        questions=asked,
        cka=compare_layers(model, source | others, shown.x),
        flat={name: values[:, :2] for name, values in features.items()},
        shown=shown,
    )
