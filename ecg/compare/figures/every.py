"""All figures of a group, each with the words that say how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ecg.compare.figures.amount import amount_figure
from ecg.compare.figures.confusions import confusion_figures
from ecg.compare.figures.cost import cost_figure
from ecg.compare.figures.curves import curves_figure
from ecg.compare.figures.dots import dots_figure
from ecg.compare.figures.layers import layers_figure
from ecg.compare.measures import Measure
from ecg.compare.settings import Group
from ecg.compare.tested import Tested

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAYERS_CAPTION = (
    "To the right more layers are retrained and fewer are kept frozen. Small dots are single runs, the line joins "
    "the means over seeds and folds, the band is one standard deviation. Lines across are controls: they have no "
    "k."
)
AMOUNT_CAPTION = (
    "Each line is one way of training; markers are means over seeds and folds, bars one standard deviation. A "
    "line that is high at the left needs little data."
)
COST_CAPTION = (
    "Up and to the left is good: a better score for less time. The number in a marker is k; small dots are single "
    "runs. Time is that of the training epochs, on whatever machine each run had."
)
DOTS_CAPTION = (
    "Each dot is a run with its 95 % interval, which comes from resampling the test patients or beats; the "
    "upright bar is the mean of a setting's runs. Dotted lines are controls."
)
CONFUSION_CAPTION = (
    "Each row tells what became of the beats of one class, in percent of that class: the diagonal is right. Where "
    "a setting has several runs, the mean of their percentages."
)
CURVES_CAPTION = (
    "Thick: mean over a setting's runs, as far as all of them got; faint: each run. Dark lines retrain many "
    "layers, light ones few; dashed is from scratch. A validation loss that rises again while training goes on is "
    "overfitting."
)


@dataclass(frozen=True)
class Shown:
    """A figure with its words.

    Attributes:
        name: file name without ending.
        title: its heading.
        caption: how to read it.
        figure: as drawn.
    """

    name: str
    title: str
    caption: str
    figure: Figure


def group_figures(
    group: Group, measures: Sequence[Measure], tested: Mapping[str, Tested], histories: Mapping[str, pd.DataFrame]
) -> list[Shown]:
    """Whatever the group's files give: score against k or by setting, time, confusion matrices, learning curves.

    Args:
        group: comparable runs.
        measures: figures of scores are drawn for each.
        tested: what predictions.csv of each run says, by folder.
        histories: history.csv of each run, by folder.
    """
    found = []
    for measure in measures:
        name = measure.key.replace("/", "_")
        if (drawn := layers_figure(group, measure)) is not None:
            found.append(Shown(f"layers_{name}", f"{measure.title} by retrained layers", LAYERS_CAPTION, drawn))
        elif (drawn := dots_figure(group, measure)) is not None:
            found.append(Shown(f"settings_{name}", f"{measure.title} by setting", DOTS_CAPTION, drawn))
    for measure in measures:
        if (drawn := amount_figure(group, measure)) is not None:
            name = measure.key.replace("/", "_")
            found.append(Shown(f"amount_{name}", drawn.get_suptitle().partition(":")[0], AMOUNT_CAPTION, drawn))
    for measure in measures:
        if (drawn := cost_figure(group, measure)) is not None:
            name = measure.key.replace("/", "_")
            found.append(Shown(f"time_{name}", f"{measure.title} by training time", COST_CAPTION, drawn))
    matrices = confusion_figures(group, tested)
    for number, drawn in enumerate(matrices, 1):
        which = f" {number}" if len(matrices) > 1 else ""
        found.append(
            Shown(f"confusion{which.replace(' ', '_')}", f"Confusion matrices{which}", CONFUSION_CAPTION, drawn)
        )
    if (drawn := curves_figure(group, measures[0], histories)) is not None:
        found.append(Shown("learning_curves", "Learning curves", CURVES_CAPTION, drawn))
    return found
