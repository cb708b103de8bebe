from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from ecg.errors import EcgError
from ecg.explain.activations import time_axes
from ecg.explain.deletion import RANDOM, area, curves
from ecg.explain.maps import METHODS, LogOdds, captum_attr, explainers, integrated_gradients, log_odds
from ecg.explain.trust import Footing, cascade, randomised, untrained
from ecg.explain.waves import NAMES, attribution_table, wave_shares, waves
from ecg.explain.windows import mean_interval, rank_correlation, window_index, windowed
from ecg.models import LayeredModel

from .conftest import FS, LOOKED_AT, SAMPLES, beats_of, info_of, view_of


def some_beats(rng: np.random.Generator, n: int = 12) -> np.ndarray:
    return rng.random((n, 1, SAMPLES)).astype(np.float32) + 0.05


def test_all_methods_put_their_mass_where_the_model_looks(
    looks_at_one_place: LayeredModel, rng: np.random.Generator
) -> None:
    view, target = view_of(some_beats(rng)), np.ones(12, dtype=np.int64)
    axes = time_axes(looks_at_one_place)
    methods = explainers(np.zeros((1, SAMPLES), dtype=np.float32), "conv", axes["conv"])
    for name in (METHODS[0], METHODS[2]):
        map_ = np.abs(methods[name](looks_at_one_place, view, target))
        assert (map_[:, LOOKED_AT].sum(axis=1) / map_.sum(axis=1)).min() > 0.99, name
    # one weight per channel cannot tell moments apart here: why HiResCAM stands beside Grad-CAM
    cam = np.abs(methods[METHODS[1]](looks_at_one_place, view, target))
    assert (cam[:, LOOKED_AT].sum(axis=1) / cam.sum(axis=1)).max() < 0.2


def test_integrated_gradients_add_up_to_the_difference_in_log_odds(
    network: LayeredModel, rng: np.random.Generator
) -> None:
    view, target = view_of(some_beats(rng)), rng.integers(0, 3, 12)
    baseline = some_beats(rng, 1)[0]
    map_ = integrated_gradients(network, view, target, baseline=baseline)
    wanted = log_odds(network, view)[np.arange(12), target] - log_odds(network, view_of(baseline[None]))[0, target]
    np.testing.assert_allclose(map_.sum(axis=1), wanted, atol=0.06 * np.abs(wanted).max())


def test_log_odds_are_those_of_the_probabilities(network: LayeredModel, rng: np.random.Generator) -> None:
    x = torch.from_numpy(some_beats(rng))
    with torch.inference_mode():
        p = network(x).softmax(dim=1)
        torch.testing.assert_close(LogOdds(network)(x), torch.log(p / (1 - p)), atol=1e-4, rtol=1e-4)


def test_missing_captum_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    with pytest.raises(EcgError, match="pip install 'captum"):
        captum_attr()


def test_shares_add_up_and_find_the_wave(rng: np.random.Generator) -> None:
    beats = beats_of(some_beats(rng, 6), np.array([0, 0, 0, 1, 1, 1]), rr_after=1.0)
    label = waves(beats, info_of())
    map_ = np.where(label == NAMES.index("T"), -1.0, 0.0)
    share, time = wave_shares(map_, label)
    np.testing.assert_allclose(share.sum(axis=1), 1)
    np.testing.assert_allclose(time.sum(axis=1), 1)
    right = np.array([True, True, False, False, False, False])
    table = attribution_table({"m": map_}, label, beats.y, right, ("N", "S"), seed=0)
    row = table[(table["class"] == "N") & (table["region"] == "T")].iloc[0]
    assert (row["share"], row["beats"], row["right"]) == (1, 2, True)
    assert not table[table["class"] == "S"]["right"].any()
    assert "padding" not in set(table["region"])


def test_rank_correlation_knows_agreement_reversal_and_masks() -> None:
    a = np.arange(10.0)[None]
    everywhere = np.ones((1, 10), dtype=bool)
    assert rank_correlation(a, np.exp(a), everywhere)[0] == pytest.approx(1)
    assert rank_correlation(a, -a, everywhere)[0] == pytest.approx(-1)
    half = everywhere.copy()
    half[0, 5:] = False
    b = a.copy()
    b[0, 5:] = -99
    assert rank_correlation(a, b, half)[0] == pytest.approx(1)
    assert np.isnan(rank_correlation(a, np.zeros((1, 10)), everywhere)[0])


def test_windows_average_their_samples() -> None:
    index = window_index(12, FS)
    assert index.max() == 2
    np.testing.assert_allclose(windowed(np.arange(12.0)[None], index), [[2, 7, 10.5]])


def test_intervals_hold_the_mean_and_ignore_gaps() -> None:
    mean, low, high = mean_interval(np.array([1.0, 2, 3, np.nan]), np.random.default_rng(0))
    assert mean == 2
    assert low < mean < high


def test_intervals_are_of_the_mean() -> None:
    """Of 400 values of deviation 1 it is known to lie within 0.098, 95 % of the time."""
    values = np.random.default_rng(5).standard_normal(400)
    mean, low, high = mean_interval(values, np.random.default_rng(0), replicates=5000)
    assert mean == pytest.approx(values.mean())
    assert mean - low == pytest.approx(1.96 * values.std() / 20, rel=0.08)
    assert high - mean == pytest.approx(1.96 * values.std() / 20, rel=0.08)


def test_random_weights_take_the_map_away(network: LayeredModel, rng: np.random.Generator) -> None:
    view = view_of(some_beats(rng, 6))
    axes = time_axes(network)
    footing = Footing.of(view, np.zeros(6, dtype=np.int64), np.ones((6, SAMPLES), dtype=bool), FS)
    methods = explainers(view.signal[0] * 0, "conv4", axes["conv4"], steps=4)
    found = cascade(network, footing, methods, draws=1, seed=0)
    for method in METHODS:
        assert [layer for name, layer in found if name == method] == list(reversed(network.names))
        assert abs(found[method, network.names[0]].mean()) < 0.4
    again = methods[METHODS[0]](network, view, footing.target)
    assert footing.agreement(again, again) == pytest.approx(1)


def test_only_the_layers_so_far_lose_their_weights(network: LayeredModel) -> None:
    before = {k: v.clone() for k, v in network.state_dict().items()}
    seen: set[str] = set()
    for name, broken in randomised(network, seed=3):
        seen.add(name)
        for layer in network.names:
            weights = {k: v for k, v in broken.state_dict().items() if k.startswith(f"layers.{layer}.") and v.ndim > 1}
            same = all(torch.equal(v, before[k]) for k, v in weights.items())
            assert same == (layer not in seen), (name, layer)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    one, two = untrained(network, 3).state_dict(), untrained(network, 3).state_dict()
    assert all(torch.equal(one[k], two[k]) for k in one)


def test_deleting_what_the_model_looks_at_beats_chance(
    looks_at_one_place: LayeredModel, rng: np.random.Generator
) -> None:
    view, target = view_of(some_beats(rng)), np.ones(12, dtype=np.int64)
    baseline = np.zeros((1, SAMPLES), dtype=np.float32)
    footing = Footing.of(view, target, np.ones((12, SAMPLES), dtype=bool), FS)
    maps = {METHODS[0]: integrated_gradients(looks_at_one_place, view, target, baseline=baseline)}
    found = curves(looks_at_one_place, footing, maps, baseline, draws=2, seed=0)
    deletion, insertion = found["deletion"], found["insertion"]
    assert area(deletion[METHODS[0]]).mean() < area(deletion[RANDOM]).mean() - 0.1
    assert area(insertion[METHODS[0]]).mean() > area(insertion[RANDOM]).mean() + 0.1
    np.testing.assert_allclose(deletion[RANDOM][:, 0], insertion[RANDOM][:, -1], rtol=1e-5)
    np.testing.assert_allclose(deletion[RANDOM][:, -1], 0.5, rtol=1e-5)  # nothing left but the baseline
