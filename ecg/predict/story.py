"""From files to labels: one recording after the other, and one that fails does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecg.beats.labels import AAMI_CLASSES
from ecg.errors import EcgError
from ecg.metrics.ec57 import NO_BEAT
from ecg.predict.files import ENDINGS, check_out, write_files
from ecg.predict.labelled import Labelled, label_beats
from ecg.predict.page import record_page
from ecg.predict.page_data import Reference
from ecg.predict.scores import BeatList, Compared, beat_list, compare, score
from ecg.predict.summary import summary
from ecg.predict.trust import Trust, trust
from ecg.recordings.formats import Asked, Input, find_inputs, read_own
from ecg.runs.weights import load_weights


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
        compared, shown = _beside(labelled)
        aami = labelled.classes == AAMI_CLASSES
        scores = score([compared], labelled.classes if aami else ()) if compared is not None else None
        notes = _notes(labelled, known, compared)
        content = summary(labelled, known, scores, notes) | {"file": str(one.path)}
        files = [f"{one.record}.{ending}" for ending in ENDINGS if ending != "html"]
        write_files(out, labelled, content, record_page(labelled, content, known, shown, files))
    except EcgError as error:
        return Outcome(one, None, str(error))
    except OSError as error:
        return Outcome(one, None, f"{error.filename or one.path}: {error.strerror or error}")
    return Outcome(one, content, compared=compared)


def _beside(labelled: Labelled) -> tuple[Compared, Reference] | tuple[None, None]:
    """The reference annotations beside the R peaks found, for scores and for the page; None where there are none."""
    recording = labelled.recording
    if recording.annotations is None:
        return None, None
    reference = beat_list(recording.annotations.sample, recording.annotations.symbol)
    if not len(reference.sample):
        return None, None
    number = {name: c for c, name in enumerate(AAMI_CLASSES)}
    of_class = np.array([number.get(name, NO_BEAT) for name in (*labelled.classes, "-")])
    own = BeatList(labelled.sample, of_class[labelled.label], np.zeros((0, 2), dtype=np.int64))
    compared = compare(recording.record, reference, own, recording.fs)
    names = np.array([*AAMI_CLASSES, "beat"])
    pairs, missed = compared.match.pairs, compared.match.missed
    of_beat = np.full(len(labelled), "-", dtype=names.dtype)
    of_beat[pairs[:, 1]] = names[reference.label[pairs[:, 0]]]
    return compared, Reference(of_beat, reference.sample[missed] / recording.fs, names[reference.label[missed]])


def _notes(labelled: Labelled, known: Trust, compared: Compared | None) -> tuple[str, ...]:
    notes, gaps = list(labelled.own.notes), labelled.own.gaps
    lead, trained = labelled.recording.leads[0], known.weights.info.leads
    if lead.lower() not in {name.lower() for name in trained} and not any("trained on" in note for note in notes):
        notes.append(f"Lead {lead}: the weights were trained on {', '.join(trained)}.")
    if len(gaps):
        missing = float((gaps[:, 1] - gaps[:, 0]).sum()) / labelled.recording.fs
        many = "1 gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
        notes.append(f"{many} in the signal, {missing:.1f} s in all: beats beside a gap have no label.")
    if compared is not None and (said := known.known_patient(labelled.recording.patient)):
        notes.append(said)
    return tuple(notes)
