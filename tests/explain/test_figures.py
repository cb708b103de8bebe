from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from ecg.explain.figures.knowledge import cka_figure


def test_the_figure_of_likeness_calls_runs_by_the_numbers_that_the_page_gives_them() -> None:
    rows = [("conv", other, "conv", 0.5) for other in ("source", "2: second", "3: third")]
    table = pd.DataFrame(rows, columns=["layer", "other", "other_layer", "cka"])
    info = SimpleNamespace(title="beats", notes=(), simulated=False)
    figure = cka_figure(SimpleNamespace(info=info, layers=SimpleNamespace(cka=table)))  # type: ignore[arg-type]
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels == ["layer of the source", "layer of run 2", "layer of run 3"]
