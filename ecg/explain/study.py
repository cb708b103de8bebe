"""The work behind the page: maps, trust, layers; all of it is found out before any of it is drawn or written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecg.beats.table import Beats
from ecg.explain.activations import TimeAxis, collect, last_time_layer, time_axes
from ecg.explain.arrays import Floats, Floats32
from ecg.explain.deletion import AREA, AREA_LESS, RANDOM, area, curves
from ecg.explain.features import compare_layers, fit_projections, project
from ecg.explain.findings import Findings, Layers, Mapped, Trust
from ecg.explain.inputs import input_table
from ecg.explain.maps import METHODS, Explainers, answers, explainers, log_odds
from ecg.explain.probes import WHY_NOT, ask, class_question, record_question
from ecg.explain.sampling import balanced_sample, telling_beats
from ecg.explain.subject import Subject
from ecg.explain.trust import Check, Checks, Footing, cascade, trust_rows, untrained
from ecg.explain.waves import attribution_table, signal_mask, waves
from ecg.runs.weights import Weights

FEWER_STEPS = 16


@dataclass(frozen=True)
class Amounts:
    """How much is looked at; all follow from the one number a user gives.

    Attributes:
        probed: beats per subset of the class probe, and of the record probe.
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


def study(
    subject: Subject, amounts: Amounts, *, layer: str | None, seed: int, doing: Callable[[str], None]
) -> Findings:
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
    rng, model, classes = np.random.default_rng(seed), subject.weights.model, subject.info.classes
    axes = time_axes(model)
    sees = bool(axes)  # a layer that keeps the time of the signal
    cam_layer = last_time_layer(axes, layer) if sees else ""
    doing("mapping which samples speak for the predicted class" if sees else "sharing out the evidence")
    sample = subject.test.take(balanced_sample(subject.test, amounts.mapped, rng))
    baseline = class_mean(sample)
    methods = explainers(baseline, cam_layer, axes[cam_layer]) if sees else {}
    mapped = _map(subject, sample, methods, baseline, cam_layer)
    right = mapped.predicted == sample.y
    attribution = pd.DataFrame()
    if sees:
        attribution = attribution_table(mapped.maps, mapped.waves, sample.y, right, classes, seed)
    few = balanced_sample(sample, 4 * amounts.tested, np.random.default_rng(seed))  # each has many neighbours
    part = mapped.footing.take(few)
    inputs, features = input_table(
        model, part.view, part.target, sample.y[few], baseline, classes, seed, subject.info.wanted
    )
    trust = None
    if sees:
        doing("checking whether the maps can be trusted")
        quick = explainers(baseline, cam_layer, axes[cam_layer], steps=FEWER_STEPS)
        trust = _trust(subject, mapped, methods, quick, amounts, seed)
    doing("asking each layer what it knows")
    layers = _layers(subject, axes, amounts, seed, rng)
    notes = (subject.source_note,) if subject.source_note else ()
    return Findings(subject.name, subject.info, notes, mapped, attribution, inputs, features, trust, layers)


def class_mean(beats: Beats) -> Floats32:
    """The average of the classes' average beats, shape [lead, sample]."""
    means = [beats.signal[beats.y == c].mean(axis=0) for c in np.unique(beats.y)]
    return np.asarray(np.mean(means, axis=0), dtype=np.float32)


def _map(subject: Subject, sample: Beats, methods: Explainers, baseline: Floats32, layer: str) -> Mapped:
    model, info = subject.weights.model, subject.info
    view = subject.look(sample)
    probability, outputs = answers(model, view), collect(model, view)
    predicted = probability.argmax(axis=1).astype(np.int64)
    maps = {name: method(model, view, predicted) for name, method in methods.items()}
    gained = log_odds(model, view) - log_odds(model, view.with_signal(baseline))
    wanted = gained[np.arange(len(predicted)), predicted]
    missed = (
        np.zeros(len(predicted))
        if not maps
        else np.abs(maps[METHODS[0]].sum(axis=1) - wanted) / max(float(np.abs(wanted).mean()), 1e-12)
    )
    embedding = list(outputs.values())[-2].flatten(1).double().numpy()
    chosen = telling_beats(sample.y, probability, embedding, info.classes)
    footing, label = Footing.of(view, predicted, signal_mask(sample.signal), info.fs), waves(sample, info)
    return Mapped(sample, footing, probability, outputs, maps, label, baseline, layer, missed, chosen)


def _trust(
    subject: Subject, mapped: Mapped, methods: Explainers, quick: Explainers, amounts: Amounts, seed: int
) -> Trust:
    """All checks; `quick` takes fewer steps than `methods`, for the cascade, which maps each beat many times."""
    footing, maps = mapped.footing, mapped.maps
    few = balanced_sample(mapped.beats, amounts.tested, np.random.default_rng(seed))
    part, tested = footing.take(few), {name: map_[few] for name, map_ in maps.items()}
    checks: Checks = {(Check.COMPLETENESS, METHODS[0], ""): mapped.completeness}
    for name in METHODS[1:]:
        checks[Check.METHODS, f"{METHODS[0]} and {name}", ""] = footing.agreement(maps[METHODS[0]], maps[name])
    for name, map_ in maps.items():
        checks[Check.ANYWAY, name, ""] = footing.other_beats(map_, np.random.default_rng(seed))
    for who, other in subject.others.items():
        same = _same_prediction(other, mapped, methods)
        checks |= {(Check.SEEDS, name, who): values for name, values in same.items()}
    falls = cascade(subject.weights.model, part, quick, draws=amounts.draws, seed=seed)
    checks |= {(Check.RANDOM_WEIGHTS, name, f"head to {layer}"): values for (name, layer), values in falls.items()}
    drawn = curves(subject.weights.model, part, tested, mapped.baseline, draws=amounts.draws, seed=seed)
    for kind, by_order in drawn.items():
        areas = {order: area(curve) for order, curve in by_order.items()}
        checks |= {(AREA.format(kind), order, ""): values for order, values in areas.items()}
        checks |= {(AREA_LESS.format(kind), name, ""): areas[name] - areas[RANDOM] for name in tested}
    return Trust(checks, trust_rows(checks, seed), drawn)


def _same_prediction(other: Weights, mapped: Mapped, methods: Explainers) -> dict[str, Floats]:
    """Rank correlation of two runs' maps, by method, on the beats that both call the same."""
    same = np.flatnonzero(answers(other.model, mapped.footing.view).argmax(axis=1) == mapped.predicted)
    if len(same) == 0:
        return dict.fromkeys(methods, np.empty(0))
    part = mapped.footing.take(same)
    return {
        name: part.agreement(mapped.maps[name][same], method(other.model, part.view, part.target))
        for name, method in methods.items()
    }


def _layers(
    subject: Subject, axes: dict[str, TimeAxis], amounts: Amounts, seed: int, rng: np.random.Generator
) -> Layers:
    model, info = subject.weights.model, subject.info
    train, test = (some.take(balanced_sample(some, amounts.probed, rng)) for some in (subject.train, subject.test))
    questions = {
        "class": class_question(train, test, info.classes, by_patient=info.by_patient),
        "record": record_question(subject.test, amounts.probed),
    }
    asked = {what: question for what, question in questions.items() if question is not None}
    source = {"source": subject.source.model} if subject.source is not None else {}
    others = {name: weights.model for name, weights in subject.others.items()}
    shown = test.take(np.sort(rng.permutation(len(test))[: amounts.shown]))
    seen = subject.look(shown)
    features = project(model, fit_projections(model, seen, seed), seen)
    return Layers(
        axes=axes,
        probes=ask({"trained": model, "untrained": untrained(model, seed)} | source, asked, subject.look, seed=seed),
        silent=tuple(WHY_NOT[what] for what in questions if what not in asked),
        questions=asked,
        cka=compare_layers(model, source | others, seen),
        flat={name: values[:, :2] for name, values in features.items()},
        shown=shown,
    )
