"""From files to labels: one recording after the other, and one that fails does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecg.beats.labels import AAMI_CLASSES
from ecg.errors import EcgError
from ecg.predict.annotations import beat_list, class_numbers
from ecg.predict.files import ENDINGS, check_out, write_files
from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.page import record_page
from ecg.predict.page_data import Reference
from ecg.predict.scores import BeatList, Compared, compare, score
from ecg.predict.summary import summary
from ecg.predict.trust import Trust, trust
from ecg.recordings.formats import Asked, Input, find_inputs, read_own
from ecg.training.weights import load_weights


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
    named: Sequence[Path],
    weights: Path,
    out: Path,
    *,
    fs: float | None,
    lead: str | None,
    unit: str | None,
    force: bool,
) -> tuple[Trust, list[Input], Iterator[Outcome]]:
    """Check everything that can be checked beforehand, then label recordings one by one as they are asked for.

    Args:
        named: recordings, or folders of them.
        weights: a run folder or a weights file.
        out: folder for the results.
        fs: sampling rate in Hz, for files that do not say it.
        lead: name of the lead.
        unit: of the signal, for files that do not say it.
        force: replace results.

    Returns:
        What is known of the weights, the recordings, and their outcomes, made while they are iterated over.

    Raises:
        EcgError: no such weights or recordings, two recordings of one name, results that exist, a folder that cannot
            be written.
    """
    inputs = find_inputs(named)
    known = trust(load_weights(weights))
    check_out(out, [one.record for one in inputs], [one.path for one in inputs], force=force)
    asked = Asked(fs, lead, unit, known.weights.info.leads)
    return known, inputs, (_outcome(one, known, asked, out) for one in inputs)


def _outcome(one: Input, known: Trust, asked: Asked, out: Path) -> Outcome:
    try:
        labelled = label_beats(read_own(one, asked), known.weights)
        reference = _reference(labelled)
        compared = _compare(labelled, reference) if reference is not None else None
        aami = labelled.classes == AAMI_CLASSES
        scores = score([compared], labelled.classes if aami else ()) if compared is not None else None
        notes = _notes(labelled, known, compared)
        content = summary(labelled, known, scores, notes) | {"file": str(one.path)}
        shown = _shown(labelled, reference) if reference is not None else None
        files = [f"{one.record}.{ending}" for ending in ENDINGS if ending != "html"]
        write_files(out, labelled, content, record_page(labelled, content, known, shown, files))
    except EcgError as error:
        return Outcome(one, None, str(error))
    except OSError as error:
        return Outcome(one, None, f"{error.filename or one.path}: {error.strerror or error}")
    return Outcome(one, content, compared=compared)


def _reference(labelled: Labelled) -> BeatList | None:
    """The beats of the reference annotations; None where there are none."""
    marks = labelled.recording.annotations
    if marks is None:
        return None
    beats = beat_list(marks.sample, marks.symbol)
    return beats if len(beats.sample) else None


def _compare(labelled: Labelled, reference: BeatList) -> Compared:
    none = np.zeros((0, 2), dtype=np.int64)
    own = BeatList(labelled.sample, class_numbers(labelled.names.tolist()), none)
    return compare(labelled.recording.record, reference, own, labelled.recording.fs)


def _notes(labelled: Labelled, known: Trust, compared: Compared | None) -> tuple[str, ...]:
    notes = list(labelled.own.notes)
    lead = labelled.recording.leads[0]
    trained = known.weights.info.leads
    if lead.lower() not in {name.lower() for name in trained} and not any("trained on" in note for note in notes):
        notes.append(f"Lead {lead}: the weights were trained on {', '.join(trained)}.")
    gaps = labelled.own.gaps
    if len(gaps):
        missing = float((gaps[:, 1] - gaps[:, 0]).sum()) / labelled.recording.fs
        many = "1 gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
        notes.append(f"{many} in the signal, {missing:.1f} s in all: beats beside a gap have no label.")
    if compared is not None and (said := known.known_patient(labelled.recording.patient)):
        notes.append(said)
    return tuple(notes)


def _shown(labelled: Labelled, reference: BeatList) -> Reference:
    """The reference beside the R peaks found."""
    from ecg.metrics.matching import match_beats

    fs = labelled.recording.fs
    names = np.array([*AAMI_CLASSES, "beat"])
    match = match_beats(reference.sample, labelled.sample, fs)
    of_beat = np.full(len(labelled), "-", dtype=names.dtype)
    of_beat[match.pairs[:, 1]] = names[reference.label[match.pairs[:, 0]]]
    return Reference(of_beat, reference.sample[match.missed] / fs, names[reference.label[match.missed]])
