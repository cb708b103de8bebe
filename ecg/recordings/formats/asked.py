"""What a person says about a file, and what comes out of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError
from ecg.recordings.recording import Recording

Gaps = npt.NDArray[np.int64]
"""Shape [gap, 2]: first sample without a signal, and the first one after it."""
NO_GAPS: Gaps = np.zeros((0, 2), dtype=np.int64)

_SAYS_ECG = re.compile(r"ecg|ekg", re.IGNORECASE)
_PREFIX = re.compile(r"^((ecg|ekg|lead|ableitung)[\s_:-]*)+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """What the person, and the weights, ask of a file.

    Attributes:
        fs: sampling rate in Hz, for files that do not say it; one that does is believed, with a note.
        lead: name of the lead; None chooses among `preferred`.
        unit: of the signal, one of `units.UNITS`, for files that do not say it.
        preferred: leads in order of preference, where `lead` is None.
    """

    fs: float | None = None
    lead: str | None = None
    unit: str | None = None
    preferred: Sequence[str] = ()

    def rate(self, path: Path, found: float | None, hint: str) -> tuple[float, tuple[str, ...]]:
        """The rate that was found in a file, else the one that was asked for, and a note where they differ.

        Raises:
            EcgError: there is neither, with a `hint` where it is looked for, or what was found is no rate.
        """
        if found is not None and not 0 < found < 1e6:
            raise EcgError(f"{path}: says {found:g} Hz; a sampling rate must be above 0")
        fs = found or self.fs
        if not fs:
            raise EcgError(f"{path}: the sampling rate is missing; give it in Hz, e.g. --fs 360 ({hint})")
        return fs, self.not_used(fs, "the file")

    def not_used(self, fs: float, said_by: str, tolerance: float = 1e-6) -> tuple[str, ...]:
        """A note that a file's own rate counts, where the person gave another."""
        if self.fs is None or abs(self.fs - fs) <= tolerance:
            return ()
        return (f"--fs {self.fs:g} is not used: {said_by} says {fs:g} Hz.",)


@dataclass(frozen=True)
class OwnRecording:
    """One lead of a person's own recording.

    Attributes:
        recording: with this one lead; where the signal is missing it is bridged by straight lines.
        gaps: where the signal is missing, in samples of `recording`.
        notes: what was assumed or noticed when reading, one sentence each.
        leads: all leads of the file.
    """

    recording: Recording
    gaps: Gaps = field(default_factory=NO_GAPS.copy)
    notes: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()


def choose_lead(record: str, leads: Sequence[str], asked: Asked) -> tuple[int, tuple[str, ...]]:
    """Position of the lead to read, by name and never by its place.

    The lead that was asked for; else the first of `asked.preferred` that there is; else II; else the only lead, or the
    only one whose name says ECG. Upper and lower case are one, and `ECG II` or `Lead II` is `II`.

    Returns:
        The position, and a note where a choice was made that the person may want to know of.

    Raises:
        EcgError: no such lead, or none that is clearly meant; the message names the leads there are.
    """
    there = f"it has {', '.join(leads)}"
    if asked.lead is not None:
        found = _positions(leads, asked.lead)
        if len(found) == 1:
            return found[0], ()
        problem = f"{len(found)} leads called" if found else "no lead"
        raise EcgError(f"{record}: {problem} {asked.lead!r}; {there}")
    for wanted in (*asked.preferred, "II"):
        if len(found := _positions(leads, wanted)) == 1:
            return found[0], ()
    said = [i for i, name in enumerate(leads) if len(leads) == 1 or _SAYS_ECG.match(name.strip())]
    if len(said) == 1:
        note = f"Lead {leads[said[0]]!r} is the only one there is; the weights were trained on"
        return said[0], (f"{note} {', '.join(asked.preferred)}.",) if asked.preferred else ()
    looked = ", ".join(dict.fromkeys((*asked.preferred, "II")))
    raise EcgError(f"{record}: which lead? It has none of {looked} (or several), and {there}; choose with --lead NAME")


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, numbered where several are the same, so that each can be asked for: `ECG (1)`, `ECG (2)`."""
    given = list(names)
    return tuple(
        f"{name} ({given[: i + 1].count(name)})" if given.count(name) > 1 else name for i, name in enumerate(given)
    )


def _positions(leads: Sequence[str], wanted: str) -> list[int]:
    """Leads of exactly that name, else those of that name but for case and a word such as `ECG` before it."""
    exact = [i for i, name in enumerate(leads) if name == wanted]
    return exact or [i for i, name in enumerate(leads) if _plain(name) == _plain(wanted)]


def _plain(name: str) -> str:
    return _PREFIX.sub("", name.strip()).strip().lower()
