"""The page of an explanation: what the numbers say, in sentences; every one is computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from ecg.explain.activations import INPUT
from ecg.explain.deletion import AREA, AREA_LESS, RANDOM
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS, STEPS
from ecg.explain.probes import Rise, rise
from ecg.explain.trust import Check, Row
from ecg.explain.waves import WAVES
from ecg.page import render

CLEARLY = 0.05
"""Differences in balanced accuracy below this are not called a difference."""
MOST_FEATURES = 20
IN_PART = 0.2
"""Two maps whose rank correlation is below this hardly agree."""


def percent(value: float) -> str:
    """A share as whole percent."""
    return f"{100 * value:.0f} %"


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
    left = (last - who.chance) / max(first - who.chance, 1e-9)
    remains = "remains" if left >= 0.75 else "fades, but remains" if left >= 0.35 else "is mostly gone"
    among = f"among {len(asked.names)} patients and {label} beats alone"
    raw = f"from the raw beat with {percent(first)} (chance {percent(who.chance)})"
    hidden = f"from the last hidden layer, {who.last}, with {percent(last)}"
    return f"Whose beat it is, {among}, is read {raw}, and {hidden}: identity {remains}."


def wave_sentence(findings: Findings) -> str:
    """For each class the wave with the densest evidence, among those that hold a tenth of it or more."""
    table = findings.attribution
    mine = table[(table["method"] == METHODS[0]) & (table["share"] >= 0.1) & table["right"]]
    densest = mine.loc[mine.groupby("class", sort=False)["ratio"].idxmax()]
    rows = densest[["class", "region", "share", "share_of_time"]].itertuples(index=False)
    parts = [f"{of}: {wave} ({percent(share)} in {percent(time)} of the time)" for of, wave, share, time in rows]
    if not parts:
        return "No beat of the sample was predicted correctly, so there is no evidence worth sharing out."
    said = "Where the evidence of beats predicted correctly is densest, by integrated gradients."
    return f"{said} {'; '.join(parts)}."


def input_rows(findings: Findings) -> list[list[str]]:
    """A row for each input, and a column for each class, with the share of the evidence; empty for one input."""
    table = findings.inputs
    if not len(table):
        return []
    shares = table.pivot_table(index=["input", "of"], columns="class", values="share", sort=False)
    rows = [[f"{name}, {of}", *map(percent, row)] for (name, of), *row in shares.itertuples(name=None)]
    return [["", *map(str, shares.columns)], *rows]


def feature_rows(findings: Findings) -> list[list[str]]:
    """The features with the largest shares of the evidence, mean over classes; a column for each class."""
    table = findings.features
    if not len(table):
        return []
    of = ["input", "feature", "unit", "meaning"]
    shares = table.pivot_table(index=of, columns="class", values="share", sort=False)
    most = shares.assign(mean=shares.mean(axis=1)).nlargest(MOST_FEATURES, "mean").drop(columns="mean")
    rows = [
        [f"{source}: {name}", meaning if unit == "1" else f"{meaning} ({unit})", *map(percent, row)]
        for (source, name, unit, meaning), *row in most.itertuples(name=None)
    ]
    return [["feature", "meaning", *map(str, most.columns)], *rows]


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
    """The checks of trust: the question, its numbers (those of trust.csv), and what they mean."""
    trust = findings.trust
    if trust is None:
        return
    usual, random = trust.means(Check.ANYWAY), trust.rows(Check.RANDOM_WEIGHTS)
    for row in trust.rows(Check.METHODS):
        doubt = "" if row.mean >= IN_PART else ": believe no single map"
        asked = f"Do {row.method} mark the same samples?"
        yield asked, f"rank correlation {_interval(row)}", _alike(row) + doubt
    for row in trust.rows(Check.SEEDS):
        than = usual[row.method]
        more = "more alike than two beats of a class" if row.low > than else "no more alike than two beats are"
        asked = f"Does run {row.of.partition(':')[0]} look at the same samples? ({row.method})"
        found = f"rank correlation {_interval(row)}; two beats of a class {than:.2f}"
        yield asked, found, f"{_alike(row)}, {more}"
    for row in (row for row in random if row.of == random[-1].of):
        kept = "not wholly: part of it is the beat's shape, not what was learnt"
        asked = f"Does the map vanish with the learnt weights? ({row.method})"
        found = f"rank correlation with all weights random {_interval(row)}, 1 with none"
        yield asked, found, "yes" if abs(row.mean) < IN_PART else kept
    for kind, word in (("deletion", "lower"), ("insertion", "higher")):
        area = trust.means(AREA.format(kind))
        for row in trust.rows(AREA_LESS.format(kind)):
            better = row.high < 0 if word == "lower" else row.low > 0
            asked = f"Do its samples matter to the model? ({kind}, {row.method})"
            found = f"area {area[row.method]:.2f}, random order {area[RANDOM]:.2f}; difference {_interval(row, '+.2f')}"
            yield asked, found, f"{'yes,' if better else 'not shown: not'} {word} than at random"


def _alike(row: Row) -> str:
    """Whether maps agree, by a row of trust.csv that holds their rank correlation."""
    return "yes" if row.mean >= 0.5 else "in part" if row.mean >= IN_PART else "hardly"


def _interval(row: Row, form: str = ".2f") -> str:
    return f"{row.mean:{form}} ({row.low:{form}} to {row.high:{form}})"


def trust_sentence(findings: Findings) -> str:
    """The checks in one line."""
    found = list(verdicts(findings))
    passed = sum(verdict.startswith("yes") for _, _, verdict in found)
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


def explained_page(findings: Findings, pictures: Mapping[str, bytes], *, beats: int, seed: int) -> str:
    """The whole page as HTML.

    Args:
        findings: all of them.
        pictures: the figures as PNG, by file name.
        beats: as given to `explain`.
        seed: as given to `explain`.
    """
    info, mapped, layers = findings.info, findings.mapped, findings.layers
    sees, known = findings.trust is not None, layer_sentences(findings)
    axis = layers.axes[mapped.layer] if sees else None
    regions = set(findings.attribution["region"]) if sees else set()
    return render(
        "explain/page.html",
        title=f"What {findings.name} looks at, and what its layers know",
        notices=info.notes,
        simulated=info.simulated,
        by_patient=info.by_patient,
        classes=info.classes,
        short=[*known, *looked_sentences(findings), _looked_at(findings)],
        sees=sees,
        followed=[(mapped.told(one, info.classes), pictures[one.file_name]) for one in mapped.chosen],
        layer=mapped.layer,
        step_ms=f"{1000 * axis.step / info.fs:.0f}" if axis is not None else "",
        width_ms=f"{1000 * axis.width / info.fs:.0f}" if axis is not None else "",
        wave=wave_sentence(findings) if sees else "",
        inputs=input_rows(findings),
        features=feature_rows(findings),
        windows=[(name, window) for name, window in WAVES.items() if name in regions],
        seeds=findings.trust.seeds if findings.trust is not None else (),
        verdicts=list(verdicts(findings)),
        layers=known,
        sources=source_sentences(findings),
        pictures=pictures,
        frames={name: _frame(table) for name, table in findings.tables.items()},
        how=_how(findings, beats, seed),
    )


def _looked_at(findings: Findings) -> str:
    mapped = findings.mapped
    right = percent((mapped.predicted == mapped.beats.y).mean())
    return (
        f"Data: {findings.info.title}. All beats shown are test beats, which the model did not train on; rare classes "
        f"and all patients were given equal room, so the {right} of the {len(mapped.beats)} mapped beats that it "
        "predicts correctly are not its accuracy."
    )


def _how(findings: Findings, beats: int, seed: int) -> list[tuple[str, str]]:
    rows = [
        ("run", findings.name),
        ("data", findings.info.title),
        ("explained quantity", "log-odds of the predicted class, log(p / (1 - p))"),
    ]
    if findings.trust is not None:
        missed = 100 * float(findings.checked.table["mean"].iloc[0])
        rows += [
            (METHODS[0], f"captum, {STEPS} steps from the average beat; the sum misses its target by {missed:.1f} %"),
            (" and ".join(METHODS[1:]), f"captum, layer {findings.mapped.layer}, without the final ReLU"),
            ("comparing maps", "Spearman's rank correlation over windows of 40 ms, padding left out"),
        ]
    else:
        rows.append((METHODS[0], f"captum, {STEPS} steps from the average of every input"))
    rows += [
        ("probes", "32 principal components, logistic regression with classes weighing the same"),
    ]
    for what, asked in findings.layers.questions.items():
        answers = f"classes {', '.join(asked.names)}" if what == "class" else f"{len(asked.names)} patients"
        counts = f"{len(asked.train_y):,} beats to learn from, {len(asked.test_y):,} asked"
        rows.append((f"{what} probe", f"{counts}; {answers}"))
    return [*rows, ("sample", f"--beats {beats} --seed {seed}: the same seed gives the same numbers")]


def _frame(frame: pd.DataFrame) -> dict[str, object]:
    rows = [[f"{v:.3f}" if isinstance(v, float) else v for v in row] for row in frame.itertuples(index=False)]
    return {"columns": [*frame.columns], "rows": rows}
