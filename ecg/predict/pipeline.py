"""From files to labels, one recording after the other; one that fails does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecg.beats.labels import AAMI_CLASSES
from ecg.beats.quality import FLAT_MV, HIDDEN
from ecg.beats.rpeaks import DEFAULT as DETECTOR
from ecg.beats.rpeaks import Detector, detector
from ecg.checks import one_of
from ecg.errors import EcgError
from ecg.metrics.ec57 import NO_BEAT
from ecg.predict.examine import SHOWN
from ecg.predict.files import ENDINGS, check_out, write_files
from ecg.predict.glimpse import glimpse
from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.leads import other_leads
from ecg.predict.page import record_page
from ecg.predict.scores import BeatList, Compared, beat_list, compare, score
from ecg.predict.summary import summary
from ecg.predict.trust import Trust, trust
from ecg.recordings.formats import Asked, Found, Input, find_recordings, read_own
from ecg.recordings.messages import one_line
from ecg.runs.folder import read_json
from ecg.runs.weights import load_weights
from ecg.training.labelling import Labelling

SHORT_S, FEW = 10.0, 10


@dataclass(frozen=True)
class Outcome:
    """What became of one recording.

    Attributes:
        source: the recording.
        content: its summary; None if it failed.
        error: why it failed; empty if it did not.
        compared: its beats beside the reference's, where there are reference annotations.
    """

    source: Input
    content: dict[str, Any] | None
    error: str = ""
    compared: Compared | None = None


def predict(
    named: list[Path],
    weights: Path,
    out: Path,
    *,
    fs: float | None,
    lead: str | None,
    unit: str | None,
    force: bool,
    point: str | None = None,
    rpeaks: str = DETECTOR,
    resume: bool = False,
) -> tuple[Trust, Found, Iterator[Outcome]]:
    """Check everything that can be checked beforehand, then label recordings one by one as they are asked for.

    Args:
        named: recordings, or folders of them.
        weights: a run folder or a weights file.
        out: folder for the results.
        fs: sampling rate in Hz, for files that do not say it.
        lead: name of the lead.
        unit: of the signal, for files that do not say it.
        force: replace results.
        point: operating point; None: the weights' own.
        rpeaks: what finds the R peaks, by name.
        resume: keep what is labelled already, by the same weights.

    Returns:
        What is known of the weights, the recordings that were found, and their outcomes, made while they are iterated
        over.

    Raises:
        EcgError: no such weights or recordings, results that exist, a folder that cannot be written.
    """
    found = find_recordings(named)
    known = trust(load_weights(weights))
    if point is not None:
        one_of("--point", point, Labelling.of(known.weights.labelling, known.weights.info.classes).names)
    find = detector(rpeaks)
    kept = {one: content for one in found.inputs if resume and (content := _kept(one, known, out)) is not None}
    wanted = [one.record for one in found.inputs if one not in kept]
    check_out(out, wanted, [one.path for one in found.inputs], force=force, overview=not resume)
    asked = Asked(fs, lead, unit, known.weights.info.preferred)
    return known, found, (
        Outcome(one, kept[one]) if one in kept else _outcome(one, known, asked, out, point, find)
        for one in found.inputs
    )  # fmt: skip


def _kept(one: Input, known: Trust, out: Path) -> dict[str, Any] | None:
    """The summary of a recording that these weights have labelled before; None for one that they have not."""
    path = out / f"{one.record}.json"
    if not path.is_file():
        return None
    content = read_json(path)
    by = content.get("weights")
    same = isinstance(by, dict) and by.get("sha256") == known.sha256 and content.get("file") == str(one.path)
    return content if same else None


def _outcome(one: Input, known: Trust, asked: Asked, out: Path, point: str | None, rpeaks: Detector) -> Outcome:
    try:
        labelled = label_beats(read_own(one, asked), known.weights, point, rpeaks)
        compared = _compared(labelled)
        aami = labelled.classes == AAMI_CLASSES
        scores = score([compared], labelled.classes if aami else ()) if compared is not None else None
        notes = _notes(labelled, known, compared)
        content = summary(labelled, known, scores, notes) | {"file": str(one.path)}
        content["glimpse"] = glimpse(labelled, content)
        files = [f"{one.record}.{ending}" for ending in ENDINGS if ending != "html"]
        leads = other_leads(labelled, one, asked)
        write_files(out, labelled, content, record_page(labelled, content, known, compared, files, leads))
    except EcgError as error:
        said = str(error)
        named = said if str(one.path) in said else f"{one.path}: {said.removeprefix(f'{one.record}: ')}"
        return Outcome(one, None, named)
    except OSError as error:
        return Outcome(one, None, f"{error.filename or one.path}: {error.strerror or error}")
    except Exception as error:  # whatever it is, the other recordings are labelled
        return Outcome(one, None, f"{one.path}: {one_line(error)}")
    return Outcome(one, content, compared=compared)


def _compared(labelled: Labelled) -> Compared | None:
    """The R peaks found beside the reference annotations; None where there are none."""
    recording, marks = labelled.recording, labelled.recording.annotations
    reference = beat_list(marks, recording.n_samples) if marks is not None else None
    if reference is None or not len(reference.sample):
        return None
    number = {name: c for c, name in enumerate(AAMI_CLASSES)}
    of_class = np.array([number.get(name, NO_BEAT) for name in (*labelled.classes, "-")])
    own = BeatList(labelled.sample, of_class[labelled.label], np.zeros((0, 2), dtype=np.int64), labelled.fibrillation)
    return compare(recording.record, reference, own, recording.fs)


def _notes(labelled: Labelled, known: Trust, compared: Compared | None) -> tuple[str, ...]:
    notes, gaps = list(labelled.own.notes), labelled.own.gaps
    lead, trained = labelled.recording.leads[0], known.weights.info.leads
    if lead.lower() not in {name.lower() for name in trained} and not any("trained on" in note for note in notes):
        notes.append(f"Lead {lead}: the weights were trained on {', '.join(trained)}.")
    if len(gaps):
        missing = float((gaps[:, 1] - gaps[:, 0]).sum()) / labelled.recording.fs
        many = "1 gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
        notes.append(f"{many} in the signal, {missing:.1f} s in all: beats beside a gap have no label.")
    hidden = float(labelled.examined.unusable[HIDDEN].mean())
    if hidden > SHOWN:
        notes.append(
            f"No ECG visible in {100 * hidden:.1f} % of the recording (noise, no contact, or ventricular flutter): "
            "nothing is labelled there."
        )
    if labelled.examined.faint:
        notes.append(f"The lead keeps within {FLAT_MV} mV, which is little for an ECG: is its unit right? (--unit)")
    recording = labelled.recording
    if known.weights.model.beats > 1 and (recording.seconds < SHORT_S or len(labelled) < FEW):
        notes.append(
            f"Short: {len(labelled)} R peaks in {recording.seconds:.1f} s. The weights look at the rhythm around each "
            f"beat, so labels of fewer than {FEW} beats or {SHORT_S:g} s are worth little."
        )
    if compared is not None and (who := labelled.recording.patient) in known.trained_on:
        notes.append(f"A patient called {who} was in training: if this is that recording, its scores are no test.")
    return tuple(notes)
