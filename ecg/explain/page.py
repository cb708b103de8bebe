"""The page of an explanation: findings and figures, handed to its template."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS, STEPS
from ecg.explain.waves import WAVES
from ecg.explain.words import answer, layer_sentences, percent, source_sentences, verdicts, wave_sentence
from ecg.page import render

MOST_FEATURES = 20


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


def explained_page(findings: Findings, pictures: Mapping[str, bytes], *, beats: int, seed: int) -> str:
    """The whole page as HTML.

    Args:
        findings: all of them.
        pictures: the figures as PNG, by file name.
        beats: as given to `explain`.
        seed: as given to `explain`.
    """
    info, mapped, layers = findings.info, findings.mapped, findings.layers
    sees = findings.trust is not None
    axis = layers.axes[mapped.layer] if sees else None
    regions = set(findings.attribution["region"]) if sees else set()
    return render(
        "explain/page.html",
        title=f"What {findings.name} looks at, and what its layers know",
        notices=info.notes,
        simulated=info.simulated,
        by_patient=info.by_patient,
        classes=info.classes,
        answer=answer(findings),
        looked_at=_looked_at(findings),
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
        layers=layer_sentences(findings),
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
