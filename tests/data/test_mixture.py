"""A mixture: how often each kind of record is drawn, and what may be added to training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ecg.beats.table import Beats
from ecg.checks import BadSettingError
from ecg.data.mixture import COPIES, NOT_NORMAL, RHYTHMS, SECOND, Mixture, _doubted, for_training

Numbered = Callable[..., Beats]
DATABASES = np.repeat(["mitdb", "svdb", COPIES, RHYTHMS, f"{SECOND}mitdb", f"{SECOND}svdb"], [4, 6, 10, 20, 4, 3])


def shares(mixture: Mixture, database: np.ndarray) -> dict[str, float]:
    weights = mixture.weights(database)
    assert weights.shape == database.shape
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    for name in np.unique(database):  # records of one kind are drawn as often as each other
        assert np.ptp(weights[database == name]) == pytest.approx(0, abs=1e-12)
    return {str(name): float(weights[database == name].sum()) for name in np.unique(database)}


def test_kinds_have_the_shares_asked_for_and_databases_share_the_rest_equally() -> None:
    found = shares(Mixture(copies=0.3, cinc2017=0.1, second_lead=0.25), DATABASES)
    expected = {COPIES: 0.3, RHYTHMS: 0.1, "mitdb": 0.225, "svdb": 0.225}
    expected |= {f"{SECOND}mitdb": 0.075, f"{SECOND}svdb": 0.075}
    assert found == pytest.approx(expected)


def test_without_shares_databases_are_drawn_equally_whatever_their_size() -> None:
    own = DATABASES[:10]
    assert shares(Mixture(rare=0.5), own) == pytest.approx({"mitdb": 0.5, "svdb": 0.5})
    assert shares(Mixture(), own[:4]) == pytest.approx({"mitdb": 1})


def test_what_is_not_there_leaves_its_share_to_the_databases() -> None:
    mixture = Mixture(copies=0.3, cinc2017=0.1, second_lead=0.25)
    some = DATABASES[np.isin(DATABASES, [RHYTHMS, f"{SECOND}svdb"], invert=True)]
    expected = {COPIES: 0.3, "mitdb": 0.35 * 0.75, f"{SECOND}mitdb": 0.35 * 0.25, "svdb": 0.35}
    assert shares(mixture, some) == pytest.approx(expected)
    assert shares(mixture, np.array(["mitdb"])) == {"mitdb": 1}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"copies": -0.1}, "copies=-0.1: must be from 0 to 1"),
        ({"rare": 1}, "rare=1: must be from 0 to 1"),
        ({"second_lead": 2.0}, "second_lead=2: must be from 0 to 1"),
        ({"copies_per_record": 0}, "copies_per_record=0: must be from 1 to 20"),
        ({"windows": -1}, "windows=-1: must be at least 0"),
        ({"copies": 0.6, "cinc2017": 0.4}, "copies=0.6 and cinc2017=0.4 leave nothing for the databases"),
    ],
)
def test_shares_that_cannot_be_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=f"^{said}"):
        Mixture(**settings)


def test_it_draws_windows_as_soon_as_anything_is_asked_for() -> None:
    assert not Mixture().active
    assert not Mixture(copies_per_record=3).active
    for settings in ({"copies": 0.1}, {"cinc2017": 0.1}, {"second_lead": 0.1}, {"rare": 0.1}, {"windows": 5}):
        assert Mixture(**settings).active  # type: ignore[arg-type]


def test_nobody_who_validates_or_tests_is_added_and_strangers_are(numbered: Numbered) -> None:
    beats = numbered([4, 4, 4])
    extra = numbered([2, 2, 2, 3])
    train = np.array([0, 1, 2])
    kept = for_training(extra, beats, train)
    assert kept.patient.tolist() == ["r0", "r0", "r3", "r3", "r3"]
    assert kept.record.tolist() == kept.patient.tolist()
    assert len(for_training(extra, beats, np.arange(8))) == 7
    assert len(for_training(extra, beats, np.zeros(0, dtype=np.int64))) == 3


def test_the_patient_decides_not_the_record(numbered: Numbered) -> None:
    beats = numbered([4, 4])
    extra = replace(numbered([2, 2]), record=np.repeat(["r1 copy 1", "r0 copy 1"], 2), patient=np.repeat("r1", 4))
    assert len(for_training(extra, beats, np.arange(4))) == 0
    assert len(for_training(extra, beats, np.arange(4, 8))) == 4


def test_beats_of_another_shape_do_not_count(numbered: Numbered) -> None:
    """Of a recording of one rhythm, whose beats nobody has labelled."""
    rng = np.random.default_rng(0)
    usual, other = np.sin(np.arange(60) / 4), np.cos(np.arange(60) / 9)
    signal = np.stack([other if i in (3, 7) else usual for i in range(12)])[:, None] + rng.normal(0, 0.05, (12, 1, 60))
    beats = replace(numbered([12], y=np.zeros(12, dtype=np.int64)), inputs={"signal": signal.astype(np.float32)})
    found = _doubted(beats).y
    assert np.flatnonzero(found == NOT_NORMAL).tolist() == [3, 7]
    assert set(found.tolist()) == {0, NOT_NORMAL}
    scaled = replace(beats, inputs={"signal": beats.signal * np.linspace(0.5, 2, 12, dtype=np.float32)[:, None, None]})
    assert _doubted(scaled).y.tolist() == found.tolist()
