"""What the numbers say, in sentences; every one is computed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg.explain.deletion import RANDOM
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.probes import Rise, rise
from ecg.explain.windows import mean_interval

CLEARLY = 0.05
"""Differences in balanced accuracy below this are not called a difference."""


@dataclass(frozen=True)
class Verdict:
    """One check of trust.

    Attributes:
        asked: the question.
        found: the numbers.
        verdict: what they mean.
    """

    asked: str
    found: str
    verdict: str


def percent(value: float) -> str:
    """A share as whole percent."""
    return f"{100 * value:.0f} %"


def layer_sentences(findings: Findings) -> list[str]:
    """Where in the model the class rises, and whether identity remains: the study's question."""
    layers = findings.layers
    known, who = rise(layers.probes, "class"), rise(layers.probes, "record")
    said = []
    if known is not None:
        said.append(_class_sentence(known))
    if who is not None:
        said.append(_record_sentence(who, findings))
    if known is not None and who is not None:
        layer, how = (known.layer, "has risen") if _rises(known) else (known.best_layer, "is read best")
        rows = layers.probes
        at = rows[(rows["what"] == "record") & (rows["model"] == "trained") & (rows["layer"] == layer)]
        said.append(
            f"In {layer}, where the class {how}, the patient is read with {percent(float(at['score'].iloc[0]))} "
            f"(chance {percent(who.chance)})."
        )
    return said + list(layers.silent)


def _rises(known: Rise) -> bool:
    """Whether any layer makes the class clearly easier to read than the raw beat is."""
    return known.best - known.first >= CLEARLY


def _class_sentence(known: Rise) -> str:
    start = (
        f"A straight cut reads the class from the raw beat with {percent(known.first)} balanced accuracy "
        f"(chance {percent(known.chance)})"
    )
    if not _rises(known):
        return (
            f"{start}; the best layer, {known.best_layer}, gives {percent(known.best)}: no layer makes the class much "
            "easier to read than the raw beat is."
        )
    where = (
        f"It rises to {percent(known.best)} in {known.best_layer}"
        if known.layer == known.best_layer
        else f"It rises to {percent(known.score)} in {known.layer} (the best, {known.best_layer}, has "
        f"{percent(known.best)})"
    )
    falls = known.best - known.last >= CLEARLY
    after = f", and falls again to {percent(known.last)} in {known.last_layer}" if falls else ""
    doubt = " The 95 % intervals of the two overlap: other patients might show no rise." if not known.certain else ""
    return f"{start}. {where}{after}.{doubt}"


def _record_sentence(who: Rise, findings: Findings) -> str:
    left = (who.last - who.chance) / max(who.first - who.chance, 1e-9)
    remains = "remains" if left >= 0.75 else "fades, but remains" if left >= 0.35 else "is mostly gone"
    return (
        f"Whose beat it is, among {len(findings.layers.questions['record'].names)} patients and "
        f"{findings.layers.identity_class} beats alone, is read from the raw beat with {percent(who.first)} (chance "
        f"{percent(who.chance)}), and from the last hidden layer, {who.last_layer}, with {percent(who.last)}: "
        f"identity {remains}."
    )


def wave_sentence(findings: Findings) -> str:
    """For each class the wave with the densest evidence, among those that hold a tenth of it or more."""
    table = findings.attribution
    mine = table[(table["method"] == METHODS[0]) & (table["share"] >= 0.1) & table["right"]]
    parts = []
    for name in findings.info.classes:
        rows = mine[mine["class"] == name]
        if len(rows):
            top = rows.iloc[int(rows["ratio"].to_numpy().argmax())]
            parts.append(
                f"{name}: {top['region']} ({percent(top['share'])} in {percent(top['share_of_time'])} of the time)"
            )
    if not parts:
        return "No beat of the sample was called right, so there is no evidence worth sharing out."
    return "Where the evidence of beats called right is densest, by integrated gradients. " + "; ".join(parts) + "."


def verdicts(findings: Findings) -> list[Verdict]:
    """The checks of trust, each with its numbers and what they mean."""
    trust = findings.trust
    rng = np.random.default_rng(0)
    usual = {method: float(np.nanmean(values)) for method, values in trust.anyway.items()}
    out = []
    for pair, values in trust.methods.items():
        mean, low, high = mean_interval(values, rng)
        out.append(
            Verdict(
                f"Do {pair} mark the same samples?",
                f"rank correlation {mean:.2f} ({low:.2f} to {high:.2f})",
                "yes" if mean >= 0.5 else "in part" if mean >= 0.2 else "hardly: believe no single map",
            )
        )
    for number, by_method in enumerate(trust.seeds.values(), 2):
        for method, values in by_method.items():
            mean, low, high = mean_interval(values, rng)
            ok = "more alike than two beats of a class" if low > usual[method] else "no more alike than two beats are"
            out.append(
                Verdict(
                    f"Does run {number} look at the same samples? ({method})",
                    f"rank correlation {mean:.2f} ({low:.2f} to {high:.2f}); two beats of a class {usual[method]:.2f}",
                    ("yes" if mean >= 0.5 else "in part" if mean >= 0.2 else "hardly") + f", {ok}",
                )
            )
    for method, by_layer in trust.cascade.items():
        last = list(by_layer.values())[-1]
        mean, low, high = mean_interval(last, rng)
        out.append(
            Verdict(
                f"Does the map vanish with the learnt weights? ({method})",
                f"rank correlation with all weights random {mean:.2f} ({low:.2f} to {high:.2f}), 1 with none",
                "yes" if abs(mean) < 0.2 else "not wholly: part of it is the beat's shape, not what was learnt",
            )
        )
    return out + _curve_verdicts(findings, rng)


def _curve_verdicts(findings: Findings, rng: np.random.Generator) -> list[Verdict]:
    out = []
    for kind, sign, word in (("deletion", -1, "lower"), ("insertion", 1, "higher")):
        areas = findings.trust.curves.areas(kind)
        for method in METHODS:
            mean, low, high = mean_interval(areas[method] - areas[RANDOM], rng)
            better = (high < 0) if sign < 0 else (low > 0)
            out.append(
                Verdict(
                    f"Do its samples matter to the model? ({kind}, {method})",
                    f"area {areas[method].mean():.2f}, random order {areas[RANDOM].mean():.2f}; difference {mean:+.2f} "
                    f"({low:+.2f} to {high:+.2f})",
                    f"yes, {word} than at random" if better else f"not shown: not {word} than at random",
                )
            )
    return out


def trust_sentence(findings: Findings) -> str:
    """The checks in one line."""
    found = verdicts(findings)
    passed = sum(one.verdict.startswith("yes") for one in found)
    alike = "; ".join(f"{pair}: {np.nanmean(values):.2f}" for pair, values in findings.trust.methods.items())
    return f"{passed} of {len(found)} checks of the maps came out well. Rank correlation of {alike}."


def source_sentences(findings: Findings) -> list[str]:
    """How a transferred model differs from its source; empty without one."""
    table = findings.layers.cka
    if not len(table) or not (table["other"] == "source").any():
        return list(findings.notes)
    mine = table[(table["other"] == "source") & (table["layer"] == table["other_layer"])]
    same = [str(row["layer"]) for _, row in mine.iterrows() if row["cka"] > 0.99]
    least = mine.iloc[int(mine["cka"].to_numpy().argmin())]
    said = [
        f"Layers that answer as the source's do (CKA above 0.99): {', '.join(same) if same else 'none'}. The one that "
        f"moved most is {least['layer']}, CKA {least['cka']:.2f}."
    ]
    for what in ("class", "record"):
        before, after = (rise(findings.layers.probes, what, model) for model in ("source", "trained"))
        if before is not None and after is not None:
            said.append(
                f"The {what} is read from {after.last_layer} with {percent(after.last)}; from the source's, on the "
                f"same beats, with {percent(before.last)} (chance {percent(after.chance)})."
            )
    return said
