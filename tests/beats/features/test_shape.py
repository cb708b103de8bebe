"""Shape features of beats whose shape is known."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import pytest

from ecg.beats.features.shape import LEAST, SHAPE_FEATURES, STEEP, shape_features
from ecg.beats.features.templates import FS, SAMPLES

Beat = Callable[..., np.ndarray]
Noisy = Callable[..., np.ndarray]
NAMES = [one.name for one in SHAPE_FEATURES]
CORRELATIONS = [
    *(name for name in NAMES if "correlation" in name or name.endswith("-best") or name.startswith("like-")),
    *("qrs-near", "slow-p-near", "slow-p-near15", "slow-p-template"),
]
SIGNED = {"highest", "lowest", "polarity", "polarity-template", "p-height", "p-height-template"}
"""What turns with a beat that is turned upside down."""


def features(beats: np.ndarray, typical: np.ndarray, slow: np.ndarray | None = None) -> dict[str, np.ndarray]:
    table = shape_features(beats, typical, typical if slow is None else slow)
    assert table.shape == (len(beats), len(NAMES))
    assert table.dtype == np.float32
    return dict(zip(NAMES, table.T, strict=True))


def different(beat: Beat, noisy: Noisy) -> np.ndarray:
    waves = [beat(), beat(p=0), beat(width=0.04), beat(height=1.5), beat(t=-0.2), beat(p=-0.1, height=-1)] * 4
    return noisy(waves)


def test_a_beat_like_its_template_differs_in_nothing(beat: Beat) -> None:
    found = features(np.stack([beat()] * 5), beat(), beat())
    for name in CORRELATIONS:
        np.testing.assert_allclose(found[name], 1, atol=1e-4, err_msg=name)
    nothing = [n for n in NAMES if n.endswith(("-energy", "/template", "-lag", "-template")) and n not in CORRELATIONS]
    for name in [*nothing, "height", "steepest", "height-near"]:
        np.testing.assert_allclose(found[name], 0, atol=1e-5, err_msg=name)
    for name in (n for n in NAMES if n.endswith("-distance")):
        np.testing.assert_allclose(found[name], log(LEAST), atol=1e-4)
    for name in ("p-projection", "slow-p-projection", "slow-p-best-projection", "slow-p-projection-near"):
        np.testing.assert_allclose(found[name], 1, atol=1e-4)


@pytest.mark.parametrize("factor", [0.5, 3.0, -1.0])
def test_correlations_know_neither_amplitude_nor_polarity(beat: Beat, noisy: Noisy, factor: float) -> None:
    """Beats and templates are scaled and turned together, as another electrode would do it."""
    beats, typical, slow = different(beat, noisy), beat(), beat(p=0.2)
    one, other = features(beats, typical, slow), features(factor * beats, factor * typical, factor * slow)
    for name in CORRELATIONS:
        np.testing.assert_allclose(other[name], one[name], atol=1e-3, err_msg=name)


def test_a_lead_upside_down_changes_what_has_a_sign_and_nothing_else(beat: Beat, noisy: Noisy) -> None:
    beats, typical, slow = different(beat, noisy), beat(), beat(p=0.2)
    one, other = features(beats, typical, slow), features(-beats, -typical, -slow)
    changed = {name for name in NAMES if np.abs(one[name] - other[name]).max() > 1e-3}
    assert changed == SIGNED
    np.testing.assert_allclose(other["highest"], -one["lowest"], atol=1e-6)
    np.testing.assert_allclose(other["polarity"], -one["polarity"], atol=1e-5)


@pytest.mark.parametrize("name", ["slow-p-best", "slow-p-correlation", "slow-p-projection", "p-best", "p-projection"])
def test_an_absent_p_wave_is_seen(beat: Beat, noisy: Noisy, name: str) -> None:
    beats = noisy([beat()] * 20 + [beat(p=0)] * 20, noise=0.005)
    found = features(beats, beat(), beat())[name]
    assert found[:20].min() > 0.9
    assert found[20:].max() < 0.8
    assert found[20:].mean() < 0.5


def test_an_inverted_p_wave_projects_to_minus_one(beat: Beat, noisy: Noisy) -> None:
    found = features(noisy([beat(p=-0.12)] * 3), beat(p=0.12))
    np.testing.assert_allclose(found["slow-p-projection"], -1, atol=0.15)
    np.testing.assert_allclose(found["slow-p-correlation"], -1, atol=0.05)


def test_the_slow_templates_p_wave_is_looked_for_even_where_the_template_has_none(beat: Beat) -> None:
    found = features(np.stack([beat(p=0.2)]), beat(p=0), beat(p=0.2))
    assert found["slow-p-best"][0] == pytest.approx(1, abs=1e-4)
    assert found["slow-p-residual"][0] < -4
    assert found["slow-p-template"][0] < 0.9


@pytest.mark.parametrize("name", [*(f"width{q}" for q in STEEP), "half-width", "area"])
def test_a_wider_qrs_complex_is_wider_by_every_measure(beat: Beat, name: str) -> None:
    found = features(np.stack([beat(width=width) for width in (0.016, 0.024, 0.032)]), beat())
    assert (np.diff(found[name]) > 0).all()
    assert found[name][2] == pytest.approx(2 * found[name][0], rel=0.35)
    against = found[f"{name}/template"]
    assert against[0] == pytest.approx(0, abs=1e-6)
    assert against[2] == pytest.approx(log((found[name][2] + 1 / FS) / (found[name][0] + 1 / FS)), abs=1e-4)


def test_a_beat_twice_as_high_is_so_by_log_2(beat: Beat) -> None:
    waves = [beat()] * 20
    waves[7] = 2 * waves[7]
    found = features(np.stack(waves), beat())
    for name in ("height", "steepest", "height-near", "qrs-energy", "beat-energy", "p-energy"):
        assert found[name][7] == pytest.approx(log(2), abs=0.01), name
        assert found[name][8] == pytest.approx(0, abs=1e-5), name
    assert found["highest"][7] == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("samples", [-5, -2, 4])
def test_a_moved_beat_is_found_at_its_move(beat: Beat, samples: int) -> None:
    found = features(np.stack([beat(moved_s=samples / FS)]), beat())
    assert found["qrs-best-lag"] == found["p-best-lag"] == found["slow-p-best-lag"] == samples
    assert found["qrs-best"] == pytest.approx(1, abs=0.01)
    assert found["qrs-correlation"] < 0.8


def test_a_beat_of_another_shape_is_unlike_both_neighbours(beat: Beat, noisy: Noisy) -> None:
    found = features(noisy([beat()] * 5 + [beat(width=0.06, height=-1)] + [beat()] * 5), beat())
    unlike = {name: np.flatnonzero(found[name] < 0.5).tolist() for name in ("like-previous", "like-next")}
    assert unlike == {"like-previous": [5, 6], "like-next": [4, 5]}
    assert found["qrs-near"][5] < 1
    assert found["qrs-near"][5] == pytest.approx(found["qrs-correlation"].mean(), abs=1e-5)


def test_means_over_neighbours_are_of_five_and_of_fifteen(beat: Beat, noisy: Noisy) -> None:
    found = features(different(beat, noisy), beat())
    best = found["slow-p-best"]
    assert found["slow-p-near"][10] == pytest.approx(best[8:13].mean(), abs=1e-5)
    assert found["slow-p-near15"][10] == pytest.approx(best[3:18].mean(), abs=1e-5)


@pytest.mark.parametrize("n", [1, 2, 10])
def test_few_beats_and_flat_ones_have_finite_features(beat: Beat, n: int) -> None:
    flat = np.zeros(SAMPLES, dtype=np.float32)
    for wave, typical in ((beat(), beat()), (flat, beat()), (beat(), flat), (flat, flat)):
        found = features(np.stack([wave] * n), typical)
        assert all(np.isfinite(values).all() for values in found.values())
        assert max(np.abs(values).max() for values in found.values()) < 1000
