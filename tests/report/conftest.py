"""What the tests of figures share: words, classes and a reader of everything a figure says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from ecg.beats.table import Beats
from ecg.report.style import Context

AAMI = ["N", "S", "V", "F", "Q"]


def texts(figure: Figure) -> list[str]:
    """Every text drawn in a figure."""
    figure.draw_without_rendering()
    return [found.get_text() for found in figure.findobj(Text) if found.get_visible() and found.get_text()]


def beats_table(
    y: np.ndarray,
    seconds: np.ndarray,
    *,
    signal: np.ndarray | None = None,
    record: Sequence[str] | str = "x",
    lead: str = "II",
    rr_s: np.ndarray | None = None,
) -> Beats:
    """Beats of these classes at these times; the other columns as they may be."""
    n = len(y)
    empty, rr = np.full(n, ""), np.full((n, 2), np.nan) if rr_s is None else rr_s
    return Beats(
        inputs={"signal": (np.zeros((n, 4)) if signal is None else signal)[:, None].astype(np.float32)},
        y=y,
        record=np.full(n, record) if isinstance(record, str) else np.array(record, dtype=str),
        patient=empty,
        database=empty,
        lead=np.full(n, lead),
        sample=np.full(n, -1),
        seconds=seconds,
        symbol=empty,
        rr_before=rr[:, 0],
        rr_after=rr[:, 1],
    )


@pytest.fixture
def context() -> Context:
    return Context("arrhythmia, split kaggle, test: 500 beats", "beats of every patient are in training and test")


@pytest.fixture
def simulated() -> Context:
    return Context("arrhythmia, split patients, test: 5 beats", "simulated recordings", simulated=True)
