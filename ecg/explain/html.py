"""The page of an explanation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ecg.explain.captions import (
    CAM_WORDS,
    CAPTIONS,
    LAYERS_INTRODUCTION,
    LAYERS_READING,
    LIMITS,
    TRUST_INTRODUCTION,
    WAVES_SOURCE,
    probe_words,
)
from ecg.explain.findings import Findings
from ecg.explain.maps import METHODS, STEPS
from ecg.explain.waves import NAMES, WAVES
from ecg.explain.words import layer_sentences, source_sentences, trust_sentence, verdicts, wave_sentence
from ecg.page import Section, details, listing, page, paragraph, picture, subheading, table

# the figures are narrow enough to be read on a phone without being pushed sideways
_STYLE = """
figure img { width: min(100%, 44rem); } figcaption { max-width: 44rem; }
@media (max-width: 40rem) { figure img { width: 100%; } figure .wide { border-right: none; } }
table.words3 td { white-space: normal; }
"""


def explained_page(findings: Findings, folder: Path, *, beats: int, seed: int) -> str:
    """The whole page as HTML.

    Args:
        findings: all of them.
        folder: where the figures are, as PNG files.
        beats: as given to `explain`.
        seed: as given to `explain`.
    """
    sections = [
        Section("In short", listing(_short(findings))),
        Section("A beat through the layers", _beats(findings, folder)),
        Section("Where the model looks", _where(findings, folder)),
        Section("Can these maps be trusted?", _trust(findings, folder)),
        Section("What each layer knows", _knows(findings, folder)),
    ]
    if len(findings.layers.cka) or findings.notes:
        sections.append(Section("Beside other models", _others(findings, folder)))
    sections.append(Section("How it was done", _how(findings, beats, seed)))
    return page(
        f"What {findings.name} looks at, and what its layers know",
        sections,
        notices=findings.info.notes,
        simulated=findings.info.simulated,
        style=_STYLE,
    )


def _lines(lines: Iterable[str]) -> str:
    return "".join(paragraph(line) for line in lines)


def _short(findings: Findings) -> list[str]:
    info, mapped = findings.info, findings.mapped
    right = float((mapped.called == mapped.beats.y).mean())
    looked = (
        f"Data: {info.title}. All beats shown are test beats, which the model did not train on; rare classes and all "
        f"patients were given equal room, so the {100 * right:.0f} % of the {len(mapped.beats)} mapped beats that it "
        "calls right are not its accuracy."
    )
    return [*layer_sentences(findings), wave_sentence(findings), trust_sentence(findings), looked]


def _shown(folder: Path, name: str) -> str:
    """A figure with its caption, or nothing where it was not drawn."""
    path = folder / f"{name}.png"
    words = CAPTIONS[name]
    return picture(path.read_bytes(), alt=words.alt, caption=words.reading) if path.is_file() else ""


def _beats(findings: Findings, folder: Path) -> str:
    info, mapped = findings.info, findings.mapped
    body = paragraph(LAYERS_INTRODUCTION) + paragraph(LAYERS_READING, faint=True)
    for number, chosen in enumerate(mapped.chosen):
        i = chosen.beat
        said = f"{info.classes[mapped.beats.y[i]]} called {info.classes[mapped.called[i]]}"
        sure = f"{100 * mapped.probabilities[i, mapped.called[i]]:.0f} %"
        words = f"{chosen.why}: {said}, {sure}, record {mapped.beats.record[i]}"
        png = (folder / f"{chosen.file_name}.png").read_bytes()
        shown = picture(png, alt=f"Activations of every layer for {words}", caption=f"{words}.")
        body += shown if number == 0 else details(words, shown)
    return body


def _where(findings: Findings, folder: Path) -> str:
    axis = findings.layers.axes[findings.mapped.layer]
    step, width = (1000 * samples / findings.info.fs for samples in (axis.step, axis.width))
    windows = [(name, WAVES[name]) for name in NAMES if (findings.attribution["region"] == name).any()]
    methods = (
        "Three methods ask which samples made the model say what it said. Integrated gradients follow the beat as it"
        " grows out of the average beat and add up what each sample contributes. Grad-CAM and HiResCAM ask which "
        f"moments of the layer {findings.mapped.layer} carry the evidence, and are as coarse as that layer: one value"
        f" every {step:.0f} ms, each made of {width:.0f} ms of signal."
    )
    return (
        _lines([methods, CAM_WORDS, wave_sentence(findings)])
        + "".join(_shown(folder, name) for name in ("saliency", "classes", "waves"))
        + subheading("The waves")
        + table(("wave", "window"), windows, words=2, caption=WAVES_SOURCE)
        + details("The numbers (attribution.csv)", _frame(findings.attribution, words=3))
    )


def _trust(findings: Findings, folder: Path) -> str:
    rows = [(one.asked, one.found, one.verdict) for one in verdicts(findings)]
    seeds = [f"Run {who}." for who in findings.trust.seeds] or ["Give several seeds of a run to see if they agree."]
    return (
        _lines([TRUST_INTRODUCTION, *seeds])
        + table(("question", "found (95 % interval over beats)", "verdict"), rows, words=3)
        + "".join(_shown(folder, name) for name in ("agreement", "random_weights", "deletion"))
        + details("The numbers (trust.csv)", _frame(findings.trust.table, words=3))
    )


def _knows(findings: Findings, folder: Path) -> str:
    return (
        _lines([*layer_sentences(findings), probe_words(by_patient=findings.info.by_patient)])
        + "".join(_shown(folder, name) for name in ("probes", "embeddings_class", "embeddings_record"))
        + details("The numbers (probes.csv)", _frame(findings.layers.probes, words=3))
    )


def _others(findings: Findings, folder: Path) -> str:
    numbers = details("The numbers (cka.csv)", _frame(findings.layers.cka, words=3)) if len(findings.layers.cka) else ""
    return _lines(source_sentences(findings)) + _shown(folder, "cka") + numbers


def _how(findings: Findings, beats: int, seed: int) -> str:
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
    rows += [
        (f"{what} probe", f"{len(q.train_y):,} beats to learn from, {len(q.test_y):,} asked; {_answers(q.names, what)}")
        for what, q in findings.layers.questions.items()
    ]
    rows.append(("sample", f"--beats {beats} --seed {seed}: the same seed gives the same numbers"))
    return table(("what", "how"), rows, words=2) + paragraph(LIMITS)


def _answers(names: tuple[str, ...], what: str) -> str:
    return f"classes {', '.join(names)}" if what == "class" else f"{len(names)} patients"


def _frame(frame: pd.DataFrame, *, words: int) -> str:
    if not len(frame):
        return paragraph("Nothing was asked.")
    shown = [[f"{v:.3f}" if isinstance(v, float) else v for v in row] for row in frame.itertuples(index=False)]
    return table([str(column) for column in frame.columns], shown, words=words)
