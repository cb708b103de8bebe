"""The figures of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from ecg.compare.figures.confusions import confusion_figures
from ecg.compare.figures.curves import curves_figure
from ecg.compare.figures.frame import Shown
from ecg.compare.figures.scores import amount_figure, cost_figure, dots_figure, layers_figure
from ecg.compare.measures import Measure
from ecg.compare.settings import Group
from ecg.compare.tested import Tested

__all__ = ["Shown", "group_figures"]


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
    scores = [layers_figure(group, measure) or dots_figure(group, measure) for measure in measures]
    scores += [draw(group, measure) for draw in (amount_figure, cost_figure) for measure in measures]
    found = [*scores, *confusion_figures(group, tested), curves_figure(group, measures[0], histories)]
    return [one for one in found if one is not None]
