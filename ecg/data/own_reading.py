"""One of a person's own recordings with its labels, as settings say how to read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecg.data.own_files import TABLE, LabelledFile
from ecg.errors import EcgError
from ecg.recordings.formats import Asked, OwnRecording, read_own
from ecg.recordings.formats.asked import choose_lead
from ecg.recordings.labels import BeatLabels, labels_of_annotations, labels_of_table
from ecg.recordings.leads import FIRST
from ecg.recordings.recording import Annotations
from ecg.recordings.wfdb_header import read_header

_USUAL = ("MLII", "II")
_OPTIONS = (
    (re.compile(r"(no lead|leads called) ('[^']*')"), r"\1 \2 (dataset.leads)"),
    (re.compile(r"--lead (NAME)\b"), r"dataset.leads=[\1]"),
    (re.compile(r"--fs ([\d.]*\d)"), r"dataset.fs=\1"),
    (re.compile(r"--unit (mV|uV|V|ADU)\b"), r"dataset.unit=\1"),
    (re.compile(r"--(fs|unit)\b"), r"dataset.\1"),
    (re.compile(r"--lead\b"), "dataset.leads"),
)
"""Options of `ecg predict`, which messages about recordings name, and the settings that take their place."""


@dataclass(frozen=True)
class Reading:
    """How recordings are read.

    Attributes:
        labels: `csv`, or a WFDB annotator such as `atr`.
        lead: the wanted one, with alternatives as in `MLII|II|first`.
        fs: sampling rate in Hz, for files that do not say it.
        unit: of the signal, for files that do not say it.
    """

    labels: str
    lead: str
    fs: float | None = None
    unit: str | None = None

    def read(self, file: LabelledFile) -> tuple[OwnRecording, BeatLabels]:
        """A recording whose R peaks are the labels', and the labels."""
        one = file.recording
        try:
            own = self._of_lead(one.path, read_own(one, self._asked))
        except EcgError as error:
            raise EcgError(_as_settings(str(error))) from None
        if self.labels == TABLE:
            labels = labels_of_table(file.labels, own.recording)
        else:
            frames = read_header(one.path).fs if one.form == "wfdb" else 0.0
            labels = labels_of_annotations(file.labels, own.recording, frames or own.recording.fs)
        marks = Annotations(labels.sample, np.full(len(labels.sample), "N"))
        recording = replace(own.recording, annotations=marks, patient=file.patient)
        notes = tuple(_as_settings(note) for note in own.notes if "weights" not in note)
        return replace(own, recording=recording, notes=notes), labels

    @property
    def _options(self) -> list[str]:
        return [option.strip() for option in self.lead.split("|")]

    @property
    def _asked(self) -> Asked:
        named = [option for option in self._options if option.lower() != FIRST]
        only = named[0] if len(self._options) == len(named) == 1 else None
        return Asked(self.fs, only, self.unit, tuple(named) or _USUAL)

    def _of_lead(self, path: Path, own: OwnRecording) -> OwnRecording:
        """The lead called as it was asked for, whatever each file writes (`ECG II`, `Lead II`); and none but those.

        A reader takes the only lead there is, whatever it is called.
        """
        usual = _USUAL if FIRST in (option.lower() for option in self._options) else ()
        for option in (*self._options, *usual):
            try:
                place, _ = choose_lead(str(path), own.leads, Asked(lead=option))
            except EcgError:
                continue
            if own.leads[place] == own.recording.leads[0]:
                return replace(own, recording=replace(own.recording, leads=(option,)))
        if usual:
            return own
        wanted, there = ", ".join(self._options), ", ".join(own.leads)
        raise EcgError(f"{path}: has none of the leads {wanted} (dataset.leads); it has {there}")


def _as_settings(text: str) -> str:
    for option, setting in _OPTIONS:
        text = option.sub(setting, text)
    return text
