"""Whether the leads of a recording can be what their names say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecg.beats.quality import UnusableError
from ecg.beats.waves.median_beat import FS, MedianBeat, Wave

MISFIT = 0.3
"""RMS of II - I - III over the three leads' own, squared and summed: 0 by Einthoven's law, 0.25 at most in 757 records
of PTB-XL, PTB and LUDB. It is larger in 64 to 95 % of them where one of the three is a chest lead, and in all where II
and III are swapped."""
P_MV = -0.05
"""An upright heart in sinus rhythm has a positive P wave in lead I; 0.05 mV is what a reader would measure."""
P_S = (0.2, 0.02)
"""Where the P wave is looked for, from so long to so long before the QRS onset."""
MIRRORED = -0.5
"""Correlation of the QRS complexes of I and V6, which look at the heart from nearly one side."""


def check_electrodes(found: MedianBeat, leads: Sequence[str]) -> None:
    """Refuse a recording whose limb leads do not fit each other, or whose lead I is upside down.

    With the electrodes of both arms swapped, which is the usual mistake, P wave and QRS complex of lead I are negative
    while V6 is as always (Kors & van Herpen 2001, doi 10.1054/jelc.2001.28864). A heart on the right side does the
    same.

    Args:
        found: the median beat.
        leads: names of its rows.

    Raises:
        UnusableError: so it is.
    """
    row = {name.upper(): wave for name, wave in zip(leads, found.beat, strict=True)}
    if {"I", "II", "III"} <= set(row):
        wrong = row["II"] - row["I"] - row["III"]
        own = sum(np.square(row[name]).mean() for name in ("I", "II", "III"))
        if np.square(wrong).mean() > MISFIT**2 * own:
            raise UnusableError("leads I, II and III do not fit each other (II is not I + III)")
    if "I" in row and _mirrored(found, row["I"], row.get("V6")):
        raise UnusableError("lead I is upside down, as where the arm electrodes are swapped")


def _mirrored(found: MedianBeat, first: Wave, sixth: Wave | None) -> bool:
    start, stop = (max(found.onset - round(s * FS), 0) for s in P_S)
    p = first[start:stop]
    qrs = slice(found.onset, found.j)
    if not len(p) or p[np.abs(p).argmax()] > P_MV:
        return False
    if sixth is None:
        return bool(first[qrs].mean() < 0)
    return bool(np.corrcoef(first[qrs], sixth[qrs])[0, 1] < MIRRORED)
