"""Hydra's grammar as what Optuna draws from, and back as what one types."""

from __future__ import annotations

import json

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from ecg.config.compose import compose
from ecg.errors import EcgError
from ecg.search.result import best_yaml, settings
from ecg.search.space import Space, space_of

optuna = pytest.importorskip("optuna")


def space(*words: str) -> Space:
    return space_of(words, OverridesParser.create())


def test_each_form_has_its_distribution() -> None:
    found = space(
        "a.lr=tag(log,interval(1e-4,1e-2))",
        "a.rate=interval(0,0.5)",
        "a.width=int(interval(8,64))",
        "a.depth=range(1,9)",
        "a.step=range(0.1,0.5,0.1)",
        "a.size=choice(32,64)",
        "a.kind=x,y",
        "seed=3",
    )
    named = {key: (type(one).__name__, getattr(one, "log", None)) for key, one in found.varied.items()}
    assert named == {
        "a.lr": ("FloatDistribution", True),
        "a.rate": ("FloatDistribution", False),
        "a.width": ("IntDistribution", False),
        "a.depth": ("IntDistribution", False),
        "a.step": ("FloatDistribution", False),
        "a.size": ("CategoricalDistribution", None),
        "a.kind": ("CategoricalDistribution", None),
    }
    depth, step = found.varied["a.depth"], found.varied["a.step"]
    assert (depth.low, depth.high) == (1, 8)  # a range leaves out its end
    assert (step.low, step.high, step.step) == pytest.approx((0.1, 0.4, 0.1))
    assert found.varied["a.size"].choices == ("32", "64")
    assert found.fixed == ("seed=3",)


def test_what_is_typed_later_goes_first() -> None:
    found = space("a.lr=interval(1,2)", "b=choice(1,2)", "a.lr=interval(3,4)", "b=1")
    assert (found.varied["a.lr"].low, found.fixed) == (3, ("b=1",))


def test_every_end_and_choice_is_tried_once_before_a_search() -> None:
    corners = space("a=interval(0,1)", "b=choice(x,y,z)").corners()
    assert [(one["a"], one["b"]) for one in corners] == [(0, "x"), (1, "x"), (0.5, "x"), (0, "y"), (0, "z")]


@pytest.mark.parametrize(
    ("word", "said"),
    [("a=interval(2,1)", "low"), ("a=tag(log,interval(0,1))", "low"), ("a=tag(log,range(1,9,2))", "log")],
)
def test_what_cannot_be_searched_is_named(word: str, said: str) -> None:
    with pytest.raises(EcgError, match=r"^a") as error:
        space(word)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_settings_as_they_are_are_the_first_trial_where_they_are_within_the_space() -> None:
    config = compose("model=sequence")
    chosen = {"model": "sequence", "optimizer": "adamw", "loss": "cross_entropy"}
    inside = space("optimizer.lr=interval(1e-4,1e-2)", "model.dropout=interval(0,0.5)", "optimizer=choice(adamw,sgd)")
    assert inside.present(config, chosen) == {"optimizer.lr": 0.002, "model.dropout": 0.2, "optimizer": "adamw"}
    sizes = space("dataset.batch_size=choice(64,256)")
    assert sizes.present(config, chosen) == {"dataset.batch_size": "256"}
    assert space("optimizer.lr=interval(0.1,0.2)").present(config, chosen) is None
    assert space("dataset.batch_size=choice(1,2)").present(config, chosen) is None


def test_the_best_settings_are_a_command_and_an_experiment() -> None:
    found = space(
        "hparams_search=optuna", "experiment=quickstart", "trainer.max_epochs=4", "logger=none", "output_dir=x",
        "optimizer.lr=interval(1e-4,1e-2)", "optimizer=choice(adamw,sgd)", "dataset.batch_size=choice(64,256)",
    )  # fmt: skip
    values = {"optimizer.lr": 0.00123456789, "optimizer": "sgd", "dataset.batch_size": "64"}
    assert settings(found, values) == [
        "experiment=quickstart", "trainer.max_epochs=4", "optimizer.lr=0.00123457", "optimizer=sgd",
        "dataset.batch_size=64",
    ]  # fmt: skip
    best = optuna.trial.create_trial(params=values, distributions=dict(found.varied), value=0.5)
    text = best_yaml(found, best, ["1 trial."])
    assert text.startswith("# @package _global_\n# 1 trial.\n")
    assert yaml.safe_load(text) == {
        "defaults": ["quickstart", {"override /optimizer": "sgd"}, "_self_"],
        "trainer": {"max_epochs": 4},
        "optimizer": {"lr": 0.00123457},
        "dataset": {"batch_size": 64},
    }


def test_two_searches_of_the_same_words_are_one() -> None:
    one, other = space("b=1", "a=interval(0,1)", "c=2"), space("c=2", "a=interval(0,1)", "b=1")
    assert one.said == other.said
    assert json.loads(one.said)["a"] == "interval(0,1)"
    assert one.said != space("b=1", "a=interval(0,2)", "c=2").said
