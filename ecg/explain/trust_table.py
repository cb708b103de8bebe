"""The checks of trust as one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from ecg.explain.deletion import RANDOM, Curves
from ecg.explain.findings import Trust
from ecg.explain.maps import METHODS
from ecg.explain.windows import Floats, mean_interval

Add = Callable[[str, str, str, Floats], None]


def trust_of(
    *,
    methods: dict[str, Floats],
    anyway: dict[str, Floats],
    seeds: dict[str, dict[str, Floats]],
    cascade: dict[str, dict[str, Floats]],
    curves: Curves,
    completeness: Floats,
    seed: int,
) -> Trust:
    """The checks with their table: trust.csv. See `Trust` for the parts; `seed` is that of the bootstrap over beats.

    Columns: check, method, of (a layer, another run or an order), mean, low, high, beats.
    """
    rows: list[dict[str, object]] = []

    def add(check: str, method: str, of: str, values: Floats) -> None:
        mean, low, high = mean_interval(values, np.random.default_rng(seed))
        beats = int(np.isfinite(values).sum())
        rows.append(
            {"check": check, "method": method, "of": of, "mean": mean, "low": low, "high": high, "beats": beats}
        )

    add("error of completeness", METHODS[0], "", completeness)
    for pair, values in methods.items():
        add("rank correlation of methods", pair, "", values)
    for method, values in anyway.items():
        add("rank correlation with another beat of the class", method, "", values)
    for who, by_method in seeds.items():
        for method, values in by_method.items():
            add("rank correlation of seeds", method, who, values)
    for method, by_layer in cascade.items():
        for layer, values in by_layer.items():
            add("rank correlation after random weights", method, f"head to {layer}", values)
    _add_areas(add, curves)
    return Trust(methods, anyway, seeds, cascade, curves, pd.DataFrame(rows))


def _add_areas(add: Add, curves: Curves) -> None:
    for kind in ("deletion", "insertion"):
        areas: Mapping[str, Floats] = curves.areas(kind)
        for order, values in areas.items():
            add(f"area under {kind}", order, "", values)
        for order, values in areas.items():
            if order != RANDOM:
                add(f"area under {kind}, less that of {RANDOM}", order, "", values - areas[RANDOM])
