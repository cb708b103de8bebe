"""The template is the dominant beat, whatever else a record holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ecg.beats.features.templates import BEFORE, FS, QRS, correlation, part, slow_template, template

Beat = Callable[..., np.ndarray]
Noisy = Callable[..., np.ndarray]


def regular(n: int) -> np.ndarray:
    return np.ones(n)


@pytest.mark.parametrize("outliers", [10, 30, 45])
def test_outliers_are_not_in_the_template(beat: Beat, noisy: Noisy, outliers: int) -> None:
    usual, wide = beat(), beat(width=0.05, height=-2)
    order = np.random.default_rng(outliers).permutation(100)
    beats = noisy([wide if i < outliers else usual for i in order], noise=0.1)
    error = np.abs(template(beats, regular(100), regular(100)) - usual)[QRS].mean()
    assert error < 0.04
    if outliers == 45:
        assert error < 0.5 * np.abs(np.median(beats, axis=0) - usual)[QRS].mean()


def test_beats_of_a_regular_rhythm_make_the_template_even_if_they_are_few(beat: Beat, noisy: Noisy) -> None:
    usual, early = beat(), beat(width=0.05)
    rr = np.concatenate([np.tile([0.6, 1.4], 40), np.ones(40)])
    beats = noisy([early] * 80 + [usual] * 40)
    found = template(beats, rr, np.append(rr[1:], 1.0))
    np.testing.assert_allclose(found, usual, atol=0.02)


@pytest.mark.parametrize("n", [1, 2, 9, 40])
def test_without_ten_regular_beats_all_count(beat: Beat, noisy: Noisy, n: int) -> None:
    rr = np.resize([0.4, 1.0, 1.6], n)
    found = template(noisy([beat()] * n), rr, np.append(rr[1:], rr[:1]))
    np.testing.assert_allclose(found, beat(), atol=0.05)
    assert found.dtype == np.float32


def test_beats_of_the_whole_record_are_looked_at(beat: Beat, noisy: Noisy) -> None:
    """More than a template is made of, and the first of them are others."""
    usual, first = beat(), beat(width=0.05)
    beats = noisy([first] * 700 + [usual] * 2300)
    np.testing.assert_allclose(template(beats, regular(3000), regular(3000)), usual, atol=0.02)


def test_the_slow_template_shows_the_p_wave_that_only_slow_beats_have(beat: Beat, noisy: Noisy) -> None:
    without, sinus, wide = beat(p=0), beat(p=0.2), beat(p=-0.5, width=0.06)
    rr = np.tile([0.6, 0.6, 1.2, 1.5], 20)
    beats = noisy([without, without, sinus, wide] * 20)
    typical = template(beats, rr, np.append(rr[1:], rr[0]))
    p = part(-0.2, -0.12)
    assert np.abs(typical[p] - without[p]).max() < 0.03
    np.testing.assert_allclose(slow_template(beats, rr, typical)[p], sinus[p], atol=0.03)


def test_too_few_beats_alike_leave_the_template_as_it_is(beat: Beat, noisy: Noisy) -> None:
    typical, beats = beat(), noisy([beat(p=0.5)] * 7 + [beat(width=0.06)] * 30)
    assert slow_template(beats, regular(37), typical) is typical
    more = noisy([beat(p=0.5)] * 8 + [beat(width=0.06)] * 30)
    assert slow_template(more, regular(38), typical) is not typical


@pytest.mark.parametrize("height", [0.4, 2.5])
def test_beats_of_another_size_are_not_in_the_slow_template(beat: Beat, noisy: Noisy, height: float) -> None:
    typical, beats = beat(), noisy([beat(height=height)] * 50)
    assert slow_template(beats, regular(50), typical) is typical


def test_correlation_is_pearsons_and_0_for_what_is_flat() -> None:
    rng = np.random.default_rng(0)
    beats, wave = rng.random((5, 22)).astype(np.float32), rng.random(22).astype(np.float32)
    expected = [np.corrcoef(one, wave)[0, 1] for one in beats]
    np.testing.assert_allclose(correlation(beats, wave), expected, atol=1e-5)
    np.testing.assert_allclose(correlation(7 - 3 * beats, wave), [-x for x in expected], atol=1e-5)
    assert not correlation(np.zeros((3, 22), dtype=np.float32), wave).any()
    assert not correlation(beats, np.zeros(22, dtype=np.float32)).any()


def test_a_part_is_counted_from_the_r_peak() -> None:
    assert part(0, 0.5) == slice(BEFORE, BEFORE + round(0.5 * FS))
    assert part(-BEFORE / FS, 0) == slice(0, BEFORE)
