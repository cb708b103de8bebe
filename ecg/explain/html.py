"""The page of an explanation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS, STEPS
from ecg.explain.waves import NAMES, WAVES
from ecg.explain.words import layer_sentences, source_sentences, trust_sentence, verdicts, wave_sentence
from ecg.page import render


def explained_page(findings: Findings, folder: Path, *, beats: int, seed: int) -> str:
    """The whole page as HTML.

    Args:
        findings: all of them.
        folder: where the figures are, as PNG files.
        beats: as given to `explain`.
        seed: as given to `explain`.
    """
    info, mapped, layers = findings.info, findings.mapped, findings.layers
    axis = layers.axes[mapped.layer]
    step, width = (f"{1000 * samples / info.fs:.0f}" for samples in (axis.step, axis.width))
    waves, known = wave_sentence(findings), layer_sentences(findings)
    return render(
        "explain/page.html",
        title=f"What {findings.name} looks at, and what its layers know",
        notices=info.notes,
        simulated=info.simulated,
        by_patient=info.by_patient,
        short=[*known, waves, trust_sentence(findings), _looked_at(findings)],
        followed=_followed(findings, folder),
        layer=mapped.layer,
        step_ms=step,
        width_ms=width,
        wave=waves,
        windows=[(name, WAVES[name]) for name in NAMES if (findings.attribution["region"] == name).any()],
        seeds=findings.trust.seeds,
        verdicts=[(one.asked, one.found, one.verdict) for one in verdicts(findings)],
        layers=known,
        sources=source_sentences(findings) if len(layers.cka) or findings.notes else [],
        pictures={path.stem: path.read_bytes() for path in folder.glob("*.png")},
        frames={
            "attribution": _frame(findings.attribution),
            "trust": _frame(findings.trust.table),
            "probes": _frame(layers.probes),
            "cka": _frame(layers.cka),
        },
        how=_how(findings, beats, seed),
    )


def _looked_at(findings: Findings) -> str:
    mapped = findings.mapped
    right = 100 * float((mapped.called == mapped.beats.y).mean())
    return (
        f"Data: {findings.info.title}. All beats shown are test beats, which the model did not train on; rare classes "
        f"and all patients were given equal room, so the {right:.0f} % of the {len(mapped.beats)} mapped beats that it "
        "calls right are not its accuracy."
    )


def _followed(findings: Findings, folder: Path) -> list[dict[str, object]]:
    """The beats that are followed through the layers, in words and as a figure."""
    classes, mapped = findings.info.classes, findings.mapped
    shown: list[dict[str, object]] = []
    for chosen in mapped.chosen:
        i = chosen.beat
        said = f"{classes[mapped.beats.y[i]]} called {classes[mapped.called[i]]}"
        sure = f"{100 * mapped.probabilities[i, mapped.called[i]]:.0f} %"
        words = f"{chosen.why}: {said}, {sure}, record {mapped.beats.record[i]}"
        shown.append({"words": words, "png": (folder / f"{chosen.file_name}.png").read_bytes()})
    return shown


def _how(findings: Findings, beats: int, seed: int) -> list[tuple[str, str]]:
    missed = 100 * float(findings.trust.table["mean"].iloc[0])
    rows = [
        ("run", findings.name),
        ("data", findings.info.title),
        ("explained quantity", "log-odds of the predicted class, log(p / (1 - p))"),
        (METHODS[0], f"captum, {STEPS} steps from the average beat; the sum misses its target by {missed:.1f} %"),
        (" and ".join(METHODS[1:]), f"captum, layer {findings.mapped.layer}, without the final ReLU"),
        ("comparing maps", "Spearman's rank correlation over windows of 40 ms, padding left out"),
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
