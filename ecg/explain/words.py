"""What the numbers of an explanation say, in sentences; every one is computed."""

from __future__ import annotations

from collections.abc import Iterator

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
ADDS_UP = 0.1
"""Integrated gradients whose sums miss what they should add up to by more leave part of the answer unexplained."""


def percent(value: float) -> str:
    """A share as whole percent."""
    return f"{100 * value:.0f} %"


def answer(findings: Findings) -> list[str]:
    """The page's question in a few lines: where the model looks, what its layers know, how far to believe the maps."""
    said = []
    if findings.trust is None:
        said += looked_sentences(findings)
    elif densest := _densest(findings):
        said.append(f"Evidence is densest at: {'; '.join(f'{of}: {wave}' for of, wave, *_ in densest)}.")
    known, who = rise(findings.layers.probes, "class"), rise(findings.layers.probes, "record")
    if known and _rises(known):
        raw, reached = percent(known.scores[INPUT]), percent(known.scores[known.reached])
        said.append(
            f"The class is read from {known.reached} with {reached} balanced accuracy, from the raw beat with {raw}."
        )
    elif known:
        said.append("No layer makes the class much easier to read than the raw beat is.")
    if who:
        told, chance = percent(who.scores[who.last]), percent(who.chance)
        said.append(f"Whose beat it is: {_identity(who)}; {who.last} still tells {told} (chance {chance}).")
    if findings.trust is not None:
        found = list(verdicts(findings))
        failed = sum(not verdict.startswith("yes") for _, verdict, _ in found)
        said.append(f"{failed or 'None'} of {len(found)} checks of the maps came out badly.")
    return said


def layer_sentences(findings: Findings) -> list[str]:
    """Where in the model the class rises, and whether identity remains: the study's question."""
    layers = findings.layers
    known, who = rise(layers.probes, "class"), rise(layers.probes, "record")
    said = [_class_sentence(known)] if known else []
    said += [_record_sentence(who, findings)] if who else []
    if known and who:
        layer, how = (known.reached, "has risen") if _rises(known) else (known.best, "is read best")
        patient = f"the patient is read with {percent(who.scores[layer])} (chance {percent(who.chance)})"
        said.append(f"In {layer}, where the class {how}, {patient}.")
    return [*said, *layers.silent]


def _rises(known: Rise) -> bool:
    """Whether any layer makes the class clearly easier to read than the raw beat is."""
    return known.scores[known.best] - known.scores[INPUT] >= CLEARLY


def _class_sentence(known: Rise) -> str:
    reads = {layer: percent(score) for layer, score in known.scores.items()}
    raw = f"{reads[INPUT]} balanced accuracy (chance {percent(known.chance)})"
    start = f"A linear probe reads the class from the raw beat with {raw}"
    if not _rises(known):
        best = f"the best layer, {known.best}, gives {reads[known.best]}"
        return f"{start}; {best}: no layer makes the class much easier to read than the raw beat is."
    best = f" (the best, {known.best}, has {reads[known.best]})" if known.reached != known.best else ""
    falls = known.scores[known.best] - known.scores[known.last] >= CLEARLY
    after = f", and falls again to {reads[known.last]} in {known.last}" if falls else ""
    doubt = " The 95 % intervals of the two overlap: other patients might show no rise." if not known.certain else ""
    return f"{start}. It rises to {reads[known.reached]} in {known.reached}{best}{after}.{doubt}"


def _record_sentence(who: Rise, findings: Findings) -> str:
    asked, first, last = findings.layers.questions["record"], who.scores[INPUT], who.scores[who.last]
    label = findings.info.classes[asked.test.y[0]]
    among = f"among {len(asked.names)} patients and {label} beats alone"
    raw = f"from the raw beat with {percent(first)} (chance {percent(who.chance)})"
    hidden = f"from the last hidden layer, {who.last}, with {percent(last)}"
    return f"Whose beat it is, {among}, is read {raw}, and {hidden}: {_identity(who)}."


def _identity(who: Rise) -> str:
    """Whether the last hidden layer still tells whose beat it is."""
    left = (who.scores[who.last] - who.chance) / max(who.scores[INPUT] - who.chance, 1e-9)
    return f"identity {'remains' if left >= 0.75 else 'fades, but remains' if left >= 0.35 else 'is mostly gone'}"


def _densest(findings: Findings) -> list[tuple[str, str, float, float]]:
    """For each class the wave with the densest evidence among those that hold a tenth of it; its share, and of time."""
    table = findings.attribution
    mine = table[(table["method"] == METHODS[0]) & (table["share"] >= 0.1) & table["right"]]
    densest = mine.loc[mine.groupby("class", sort=False)["ratio"].idxmax()]
    return list(densest[["class", "region", "share", "share_of_time"]].itertuples(index=False, name=None))


def wave_sentence(findings: Findings) -> str:
    """Where evidence is densest, with its share of the whole."""
    densest = _densest(findings)
    if not densest:
        return "No beat of the sample was predicted correctly, so there is no evidence worth sharing out."
    parts = [f"{of}: {wave} ({percent(share)} in {percent(time)} of the time)" for of, wave, share, time in densest]
    said = "Where the evidence of beats predicted correctly is densest, by integrated gradients."
    return f"{said} {'; '.join(parts)}."


def looked_sentences(findings: Findings) -> list[str]:
    """Where the model looks, and whether the maps that say so can be trusted."""
    if findings.trust is not None:
        return [wave_sentence(findings), trust_sentence(findings)]
    none = "No layer keeps the time of the beat's signal, so there are no maps over it."
    if not len(findings.features):
        return [none]
    named = findings.features.groupby("feature", sort=False)["share"].mean().nlargest(5)
    said = ", ".join(f"{name} ({percent(share)})" for name, share in named.items())
    return [f"{none} Of its features these carry most evidence: {said}."]


def verdicts(findings: Findings) -> Iterator[tuple[str, str, str]]:
    """The checks of trust: the question, what came out, and its numbers (those of trust.csv)."""
    trust = findings.trust
    if trust is None:
        return
    for row in trust.rows(Check.COMPLETENESS):
        missed = "no: part of the answer belongs to no sample"
        asked = f"Does the evidence add up to the answer? ({row.method})"
        yield asked, "yes" if row.mean <= ADDS_UP else missed, f"misses it by {_interval(row)} of its size"
    usual, random = trust.means(Check.ANYWAY), trust.rows(Check.RANDOM_WEIGHTS)
    for row in trust.rows(Check.METHODS):
        doubt = "" if row.mean >= IN_PART else ": believe no single map"
        asked = f"Do {row.method} mark the same samples?"
        yield asked, _alike(row) + doubt, f"rank correlation {_interval(row)}"
    for row in trust.rows(Check.SEEDS):
        than = usual[row.method]
        more = "more alike than two beats of a class" if row.low > than else "no more alike than two beats are"
        asked = f"Does run {row.of.partition(':')[0]} look at the same samples? ({row.method})"
        found = f"rank correlation {_interval(row)}; two beats of a class {than:.2f}"
        yield asked, f"{_alike(row)}, {more}", found
    for row in (row for row in random if row.of == random[-1].of):
        kept = "not wholly: part of it is the beat's shape, not what was learnt"
        asked = f"Does the map vanish with the learnt weights? ({row.method})"
        found = f"rank correlation with all weights random {_interval(row)}, 1 with none"
        yield asked, "yes" if abs(row.mean) < IN_PART else kept, found
    for kind, word in (("deletion", "lower"), ("insertion", "higher")):
        area = trust.means(AREA.format(kind))
        for row in trust.rows(AREA_LESS.format(kind)):
            better = row.high < 0 if word == "lower" else row.low > 0
            asked = f"Do its samples matter to the model? ({kind}, {row.method})"
            found = f"area {area[row.method]:.2f}, random order {area[RANDOM]:.2f}; difference {_interval(row, '+.3f')}"
            yield asked, f"{'yes,' if better else 'not shown: not'} {word} than at random", found


def _alike(row: Row) -> str:
    """Whether maps agree, by a row of trust.csv that holds their rank correlation."""
    return "yes" if row.mean >= 0.5 else "in part" if row.mean >= IN_PART else "hardly"


def _interval(row: Row, form: str = ".2f") -> str:
    return f"{row.mean:{form}} ({row.low:{form}} to {row.high:{form}})"


def trust_sentence(findings: Findings) -> str:
    """The checks in one line."""
    found = list(verdicts(findings))
    passed = sum(verdict.startswith("yes") for _, verdict, _ in found)
    alike = "; ".join(f"{row.method}: {row.mean:.2f}" for row in findings.checked.rows(Check.METHODS))
    return f"{passed} of {len(found)} checks of the maps came out well. Rank correlation of {alike}."


def source_sentences(findings: Findings) -> list[str]:
    """How a transferred model differs from its source; empty without one."""
    table = findings.layers.cka
    if not len(table) or not (table["other"] == "source").any():
        return list(findings.notes)
    mine = table[(table["other"] == "source") & (table["layer"] == table["other_layer"])].set_index("layer")["cka"]
    same = ", ".join(mine.index[mine > 0.99]) or "none"
    moved = f"The one that moved most is {mine.idxmin()}, CKA {mine.min():.2f}."
    said = [f"Layers that answer as the source's do (CKA above 0.99): {same}. {moved}"]
    for what in ("class", "record"):
        before, after = (rise(findings.layers.probes, what, model) for model in ("source", "trained"))
        if before and after:
            now, then = (percent(model.scores[model.last]) for model in (after, before))
            source = f"from the source's, on the same beats, with {then} (chance {percent(after.chance)})"
            said.append(f"The {what} is read from {after.last} with {now}; {source}.")
    return said
