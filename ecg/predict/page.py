"""The page of one recording: its strip to scroll through, rates, beats overlaid, counts, and what labels are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecg.page import Section, listing, page, paragraph, table
from ecg.page.numbers import NONE, count, duration, number, percent
from ecg.predict.labelled import Labelled
from ecg.predict.page_data import Reference, page_data
from ecg.predict.scores import COUNTING
from ecg.predict.strip import EVERY_S, SAMPLE_S, Strip, make_strip
from ecg.predict.summary import LOW_CONFIDENCE, RATE_BEATS
from ecg.predict.trust import NO_DIAGNOSIS, Trust

SCRIPTS = ("viewer.js", "controls.js", "overview.js")
_HERE = Path(__file__).parent

_STRIP = """<div class="bar" id="jumps"></div>
<canvas id="strip" tabindex="0" role="img" aria-label="ECG strip with its beats coloured by class"></canvas>
<div class="bar"><button type="button" id="start" title="start of the recording">|◀</button>
<button type="button" id="back" title="back">◀</button><button type="button" id="on" title="on">▶</button>
<button type="button" id="end" title="end of the recording">▶|</button>
<button type="button" id="further" title="show more seconds">&minus;</button>
<button type="button" id="closer" title="show fewer seconds">+</button>
<span id="said" class="faint" role="status"></span></div>
<div id="detail" aria-live="polite"></div>
"""
_KEYS = """<p class="faint">Drag the strip, two fingers zoom; a tap on a beat shows its probabilities.</p>
<details class="faint"><summary>Keys</summary><p><kbd>←</kbd> <kbd>→</kbd> scroll, <kbd>+</kbd> <kbd>-</kbd> zoom;
<kbd>.</kbd> and <kbd>,</kbd> go to the next and the previous beat, a class's letter to its next beat, with
<kbd>Shift</kbd> to the previous one, <kbd>u</kbd> to the next unsure one{more}.</p></details>
"""
_RATE = '<canvas id="rate" role="img" aria-label="Heart rate over time, coloured by class"></canvas>'


def record_page(
    labelled: Labelled, said: Mapping[str, Any], trust: Trust, reference: Reference | None, files: Sequence[str]
) -> str:
    """HTML of one recording's page.

    Args:
        labelled: the recording's beats.
        said: its summary.
        trust: of the weights.
        reference: the reference annotations, where there are any.
        files: names of the other files of this recording.
    """
    strip = make_strip(labelled)
    more = ", <kbd>d</kbd> to the next that differs from the reference" if reference else ""
    shown = _how_shown(labelled, strip, reference is not None)
    sections = [
        Section("Strip", _STRIP + _KEYS.format(more=more) + paragraph(shown, faint=True)),
        Section("Heart rate", _RATE + paragraph(_rate_words(said), faint=True)),
        Section("Counts", _counts(labelled, said)),
        Section(
            "Beats of a class, overlaid",
            '<div id="overlays"></div>'
            + paragraph("Aligned at the R peak, each beat's own median at zero; thick: the mean.", faint=True),
        ),
        *([Section("Against the reference", scores_html(said["scores"], labelled.classes))] if said["scores"] else []),
        Section("What the labels are worth", _worth(said, trust)),
        Section("Signal and files", _signal(said) + paragraph(f"Beside this page: {', '.join(files)}.", faint=True)),
    ]
    script = f"const data = {page_data(labelled, strip, reference)};\n"
    script += "\n".join((_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    record = labelled.recording.record
    return page(
        f"{record}: {count(said['beats']['labelled'])} labelled beats in {duration(labelled.recording.seconds)}",
        sections,
        notices=(NO_DIAGNOSIS, trust.short, *trust.warnings, *said["notes"]),
        simulated=labelled.recording.simulated,
        style=(_HERE / "viewer.css").read_text(encoding="utf-8"),
        script=script,
    )


def _how_shown(labelled: Labelled, strip: Strip, with_reference: bool) -> str:
    words = [
        f"Full circles: labels of probability {LOW_CONFIDENCE} or more; outlined ones are unsure. "
        f"The strip is drawn at {strip.fs:g} Hz."
    ]
    if with_reference:
        words.append(
            "Below each label stands the reference, red where it differs; red with a question mark: a beat not found."
        )
    if not strip.whole:
        part = f"{duration(strip.seconds)} of {duration(labelled.recording.seconds)}"
        words.append(
            f"To keep the page small the strip holds {part}: beats of the rarer classes and the least sure ones first, "
            f"and {SAMPLE_S:g} s of every {EVERY_S / 60:g} minutes. All beats are in the CSV file."
        )
    return " ".join(words)


def _rate_words(said: Mapping[str, Any]) -> str:
    rate = said["heart_rate"]
    if rate["mean"] is None:
        return "No heart rate: no RR interval is known."
    pauses = rate["pauses"]
    return (
        f"Mean {rate['mean']:.0f} beats/min, lowest {rate['lowest']:.0f} and highest {rate['highest']:.0f} over "
        f"{min(RATE_BEATS, rate['over_intervals'])} RR intervals in a row. RR intervals above {pauses['above_s']:g} s: "
        f"{count(pauses['count'])}; the longest lasts {pauses['longest_s']:.2f} s. "
        "Each dot is one beat, by the RR interval before it; a click moves the strip."
    )


def _counts(labelled: Labelled, said: Mapping[str, Any]) -> str:
    beats, total = said["beats"], max(said["beats"]["labelled"], 1)
    rows: list[tuple[object, ...]] = []
    for name in labelled.classes:
        of = labelled.label == labelled.classes.index(name)
        mean = float(labelled.confidence[of].mean()) if of.any() else None
        run = said["runs"].get(name)
        row = [name, count(beats["counts"][name]), percent(beats["counts"][name] / total), percent(mean, 1)]
        row += [count(run[key]) for key in ("single", "pairs", "runs", "longest")] if run else ["", "", "", ""]
        rows.append(tuple(row))
    low = beats["low_confidence"]
    words = [
        f"{count(said['r_peaks']['count'])} R peaks, found by {said['r_peaks']['detector']}; "
        f"{count(beats['labelled'])} of them labelled.",
        f"Labels of low confidence (probability below {low['below']}): {count(low['count'])}, "
        f"{percent(low['share'], 1)} % of all.",
        *(f"R peaks without a label: {count(n)} ({why})." for why, n in beats["not_labelled"].items()),
    ]
    if "whole_record" in said:
        each = ", ".join(f"{name} {100 * p:.1f} %" for name, p in said["whole_record"].items())
        words.insert(0, f"Mean probability over all beats, which is the answer for the recording: {each}.")
    heads = ("class", "beats", "%", "mean probability %", "single", "pairs", "runs of 3+", "longest run")
    return table(heads, rows) + listing(words)


def scores_html(scores: Mapping[str, float], classes: Sequence[str]) -> str:
    """Tables of what `ecg.predict.scores` counts."""
    rows = [(name, *cells) for name, *cells in score_rows(scores, classes)]
    return table(("", "beats", "Se %", "+P %"), rows) + paragraph(COUNTING, faint=True)


def score_rows(scores: Mapping[str, float], classes: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Name, number of reference beats, Se and +P in percent of each score that is defined."""
    found = scores["r_peaks/matched"] + scores["r_peaks/missed"]
    rows = [("R peaks", count(found), percent(scores["r_peaks/gross/se"]), percent(scores["r_peaks/gross/ppv"]))]
    for name in classes:
        if number(scores.get(f"beats/{name}/support")):
            se, ppv = (percent(scores.get(f"beats/{name}/{key}")) for key in ("se", "ppv"))
            rows.append((name, count(scores[f"beats/{name}/support"]), se, ppv))
    for name in ("VEB", "SVEB"):
        se, ppv = (percent(scores.get(f"ec57/gross/{name}/{key}")) for key in ("se", "ppv"))
        if (se, ppv) != (NONE, NONE):
            rows.append((f"{name}, EC57", "", se, ppv))
    return rows


def _worth(said: Mapping[str, Any], trust: Trust) -> str:
    info = trust.weights.info
    lines = [
        trust.sentence,
        *trust.remarks,
        "Those scores hold for that test data and its annotated R peaks; on other recordings, leads and devices they "
        "are usually lower.",
        f"Weights: {trust.weights.path}, SHA-256 {trust.sha256}.",
        f"Cut: {info.cut}, {info.fs:g} Hz; trained on leads {', '.join(info.leads)}; this is {said['signal']['lead']}.",
    ]
    return listing(lines)


def _signal(said: Mapping[str, Any]) -> str:
    signal = said["signal"]
    gaps = signal["gaps_s"]
    missing = sum(stop - start for start, stop in gaps)
    lines = [
        f"Lead {signal['lead']} of {', '.join(signal['leads'])}; {signal['fs']:g} Hz, {duration(signal['seconds'])}.",
        f"Gaps: {len(gaps)}, {duration(missing)} in all." if gaps else "No gaps.",
        *(f"{reason}: {percent(share)} % of the time." for reason, share in signal["unusable_share"].items() if share),
    ]
    return listing(lines)
