"""Labels that are in no class: all that there are, in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np

from ecg.errors import EcgError
from ecg.recordings.labels import BeatLabels


class Strange:
    """Labels without a class, of all recordings so far."""

    def __init__(self) -> None:
        self._beats, self._first = Counter[str](), ""

    def look(self, path: Path, labels: BeatLabels, fs: float, known: Container[str]) -> bool:
        """Whether some labels of a recording have no class.

        Args:
            path: the file of labels.
            labels: of one recording.
            fs: its sampling rate in Hz.
            known: labels that have a class or are left out.
        """
        strange = np.array([label not in known for label in labels.label.tolist()])
        if not strange.any():
            return False
        self._beats.update(labels.label[strange].tolist())
        i = int(np.argmax(strange))
        self._first = (
            self._first or f"{path}: the beat at {labels.sample[i] / fs:.2f} s is labelled {str(labels.label[i])!r}"
        )
        return True

    def refuse(self, classes: str, left_out: Sequence[str]) -> None:
        """Raise an error if there were any.

        Args:
            classes: with their labels, in words.
            left_out: labels that are left out already.

        Raises:
            EcgError: there were; the message names the first, counts all, and says the way on.
        """
        if not self._beats:
            return
        counts = ", ".join(f"{count:,} {label}" for label, count in self._beats.most_common(20))
        without = ",".join((*left_out, *self._beats))
        way = f"add each to one of dataset.classes, or leave them out: 'dataset.left_out=[{without}]'"
        raise EcgError(f"{self._first}, which is in no class ({classes}); beats of no class: {counts}; {way}")
