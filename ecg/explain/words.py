"""What the numbers say, in sentences; every one is computed."""

from __future__ import annotations

from dataclasses import dataclass

from ecg.explain.activations import INPUT
from ecg.explain.deletion import AREA, AREA_LESS, RANDOM
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS
from ecg.explain.probes import Rise, rise
from ecg.explain.trust import Check, Row

CLEARLY = 0.05
"""Differences in balanced accuracy below this are not called a difference."""
IN_PART = 0.2
"""Two maps whose rank correlation is below this hardly agree."""


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
        layer, how = (known.reached, "has risen") if _rises(known) else (known.best, "is read best")
        said.append(
            f"In {layer}, where the class {how}, the patient is read with {percent(who.scores[layer])} "
            f"(chance {percent(who.chance)})."
        )
    return said + list(layers.silent)


def _rises(known: Rise) -> bool:
    """Whether any layer makes the class clearly easier to read than the raw beat is."""
    return known.scores[known.best] - known.scores[INPUT] >= CLEARLY


def _class_sentence(known: Rise) -> str:
    reads = {layer: percent(score) for layer, score in known.scores.items()}
    start = (
        f"A straight cut reads the class from the raw beat with {reads[INPUT]} balanced accuracy "
        f"(chance {percent(known.chance)})"
    )
    if not _rises(known):
        return (
            f"{start}; the best layer, {known.best}, gives {reads[known.best]}: no layer makes the class much "
            "easier to read than the raw beat is."
        )
    best = f" (the best, {known.best}, has {reads[known.best]})" if known.reached != known.best else ""
    falls = known.scores[known.best] - known.scores[known.last] >= CLEARLY
    after = f", and falls again to {reads[known.last]} in {known.last}" if falls else ""
    doubt = " The 95 % intervals of the two overlap: other patients might show no rise." if not known.certain else ""
    return f"{start}. It rises to {reads[known.reached]} in {known.reached}{best}{after}.{doubt}"


def _record_sentence(who: Rise, findings: Findings) -> str:
    asked, first, last = findings.layers.questions["record"], who.scores[INPUT], who.scores[who.last]
    label = findings.info.classes[asked.test.y[0]]
    left = (last - who.chance) / max(first - who.chance, 1e-9)
    remains = "remains" if left >= 0.75 else "fades, but remains" if left >= 0.35 else "is mostly gone"
    return (
        f"Whose beat it is, among {len(asked.names)} patients and {label} beats alone, is read from the raw beat with "
        f"{percent(first)} (chance {percent(who.chance)}), and from the last hidden layer, {who.last}, with "
        f"{percent(last)}: identity {remains}."
    )


def wave_sentence(findings: Findings) -> str:
    """For each class the wave with the densest evidence, among those that hold a tenth of it or more."""
    table = findings.attribution
    mine = table[(table["method"] == METHODS[0]) & (table["share"] >= 0.1) & table["right"]]
    densest = mine.loc[mine.groupby("class", sort=False)["ratio"].idxmax()]
    parts = [
        f"{of}: {wave} ({percent(share)} in {percent(time)} of the time)"
        for of, wave, share, time in densest[["class", "region", "share", "share_of_time"]].itertuples(index=False)
    ]
    if not parts:
        return "No beat of the sample was called right, so there is no evidence worth sharing out."
    return "Where the evidence of beats called right is densest, by integrated gradients. " + "; ".join(parts) + "."


def verdicts(findings: Findings) -> list[Verdict]:
    """The checks of trust, each with its numbers (those of trust.csv) and what they mean."""
    trust = findings.trust
    usual, random = trust.means(Check.ANYWAY), trust.rows(Check.RANDOM_WEIGHTS)
    out = []
    for row in trust.rows(Check.METHODS):
        doubt = "" if row.mean >= IN_PART else ": believe no single map"
        asked = f"Do {row.method} mark the same samples?"
        out.append(Verdict(asked, f"rank correlation {_interval(row)}", _alike(row) + doubt))
    for row in trust.rows(Check.SEEDS):
        than = usual[row.method]
        more = "more alike than two beats of a class" if row.low > than else "no more alike than two beats are"
        asked = f"Does run {row.of.partition(':')[0]} look at the same samples? ({row.method})"
        found = f"rank correlation {_interval(row)}; two beats of a class {than:.2f}"
        out.append(Verdict(asked, found, f"{_alike(row)}, {more}"))
    for row in (row for row in random if row.of == random[-1].of):
        kept = "not wholly: part of it is the beat's shape, not what was learnt"
        asked = f"Does the map vanish with the learnt weights? ({row.method})"
        found = f"rank correlation with all weights random {_interval(row)}, 1 with none"
        out.append(Verdict(asked, found, "yes" if abs(row.mean) < IN_PART else kept))
    for kind, word in (("deletion", "lower"), ("insertion", "higher")):
        area = trust.means(AREA.format(kind))
        for row in trust.rows(AREA_LESS.format(kind)):
            better = row.high < 0 if word == "lower" else row.low > 0
            asked = f"Do its samples matter to the model? ({kind}, {row.method})"
            found = f"area {area[row.method]:.2f}, random order {area[RANDOM]:.2f}; difference {_interval(row, '+.2f')}"
            out.append(Verdict(asked, found, f"{'yes,' if better else 'not shown: not'} {word} than at random"))
    return out


def _alike(row: Row) -> str:
    """Whether maps agree, by a row of trust.csv that holds their rank correlation."""
    return "yes" if row.mean >= 0.5 else "in part" if row.mean >= IN_PART else "hardly"


def _interval(row: Row, form: str = ".2f") -> str:
    return f"{row.mean:{form}} ({row.low:{form}} to {row.high:{form}})"


def trust_sentence(findings: Findings) -> str:
    """The checks in one line."""
    found = verdicts(findings)
    passed = sum(one.verdict.startswith("yes") for one in found)
    alike = "; ".join(f"{row.method}: {row.mean:.2f}" for row in findings.trust.rows(Check.METHODS))
    return f"{passed} of {len(found)} checks of the maps came out well. Rank correlation of {alike}."


def source_sentences(findings: Findings) -> list[str]:
    """How a transferred model differs from its source; empty without one."""
    table = findings.layers.cka
    if not len(table) or not (table["other"] == "source").any():
        return list(findings.notes)
    mine = table[(table["other"] == "source") & (table["layer"] == table["other_layer"])].set_index("layer")["cka"]
    same = ", ".join(mine.index[mine > 0.99]) or "none"
    said = [
        f"Layers that answer as the source's do (CKA above 0.99): {same}. The one that moved most is {mine.idxmin()}, "
        f"CKA {mine.min():.2f}."
    ]
    for what in ("class", "record"):
        before, after = (rise(findings.layers.probes, what, model) for model in ("source", "trained"))
        if before is not None and after is not None:
            said.append(
                f"The {what} is read from {after.last} with {percent(after.scores[after.last])}; from the source's, on "
                f"the same beats, with {percent(before.scores[before.last])} (chance {percent(after.chance)})."
            )
    return said
