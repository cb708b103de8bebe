"""What the tests of figures share: words, classes and a reader of everything a figure says."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from ecg.report.style import Context

AAMI = ["N", "S", "V", "F", "Q"]


def texts(figure: Figure) -> list[str]:
    """Every text drawn in a figure."""
    figure.draw_without_rendering()
    return [found.get_text() for found in figure.findobj(Text) if found.get_visible() and found.get_text()]


@pytest.fixture
def context() -> Context:
    return Context("arrhythmia, split kaggle, test: 500 beats", "beats of every patient are in training and test")


@pytest.fixture
def simulated() -> Context:
    return Context("arrhythmia, split patients, test: 5 beats", "simulated recordings", simulated=True)
