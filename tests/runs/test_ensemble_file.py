"""Weights of several seeds as one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ecg.data.info import DataInfo
from ecg.errors import EcgError
from ecg.models import MODELS, LayeredModel
from ecg.runs.ensemble import merge
from ecg.runs.weights import describe_weights, load_weights, save_weights

KACHUEE: dict[str, Any] = {"name": "kachuee"}
SEQUENCE: dict[str, Any] = {"name": "sequence", "beats": 8, "context": 2, "width": 6}
SHAPES = {"kachuee": {"signal": (1, 187)}, "sequence": {"signal": (1, 30), "rhythm": (4,)}}


def built(model: dict[str, Any], seed: int) -> LayeredModel:
    torch.manual_seed(seed)
    own = {key: value for key, value in model.items() if key != "name"}
    shapes = SHAPES[model["name"]]
    given = {"inputs": shapes} if len(shapes) > 1 else {"input_shape": shapes["signal"]}
    return MODELS[model["name"]](**given, n_classes=3, **own).eval()


@pytest.fixture
def member(tmp_path: Path, info: DataInfo) -> Callable[..., Path]:
    """Writes the weights of a member, which no training made."""

    def write(seed: int, model: dict[str, Any] = KACHUEE, **more: Any) -> Path:
        path = tmp_path / f"{seed}.safetensors"
        said = {
            "info": replace(info, shapes=SHAPES[model["name"]]),
            "segmentation": {"name": "window", "before_s": 0.1}
            if len(SHAPES[model["name"]]) > 1
            else {"name": "paper"},
            "training": {
                "name": "run",
                "seed": seed,
                "best_epoch": 3 + seed,
                "test/macro_f1": 0.5,
                "best/val/macro_f1": 0.6,
                "time/fit_s": 9.0,
                "epochs": 30,
                "trained_records": ["1", f"r{seed}"],
            },
            "labelling": {"smooth": {"V": 0.5}},
        }
        save_weights(path, built(model, seed).state_dict(), model=model, **{**said, **more})
        return path

    return write


@pytest.mark.parametrize("model", [KACHUEE, SEQUENCE])
def test_the_file_gives_the_mean_of_the_members(
    member: Callable[..., Path], tmp_path: Path, model: dict[str, Any]
) -> None:
    out = tmp_path / "all.safetensors"
    said = merge([member(seed, model) for seed in (1, 2, 3)], out)
    assert said.startswith(f"{out}: 3 members, ")
    whole = load_weights(out)
    many = (4,) if whole.model.beats == 1 else (4, whole.model.beats)
    x = {name: torch.randn(*many, *shape) for name, shape in whole.model.inputs.items()}
    with torch.inference_mode():
        expected = torch.stack([built(model, seed)(x).softmax(dim=-1) for seed in (1, 2, 3)]).mean(dim=0)
        torch.testing.assert_close(whole.model(x).softmax(dim=-1), expected, rtol=1e-4, atol=1e-5)


def test_the_file_says_what_its_members_have_in_common(member: Callable[..., Path], tmp_path: Path) -> None:
    out, one = tmp_path / "all.safetensors", member(1, SEQUENCE)
    merge([one, member(2, SEQUENCE)], out)
    whole, first = describe_weights(out), describe_weights(one)
    own = {key: value for key, value in SEQUENCE.items() if key != "name"}
    assert whole.settings == {"name": "ensemble", "of": "sequence", "settings": own, "members": 2}
    for name in ("info", "segmentation", "labelling"):
        assert getattr(whole, name) == getattr(first, name)
    assert whole.labelling == {"smooth": {"V": 0.5}}
    training = dict(whole.training)
    assert training.pop("trained_records") == ["1", "r1", "r2"]
    assert training == {"name": "run, 2 members", "seeds": [1, 2], "epochs": 30}  # no score of one member alone


def test_who_trained_any_member_trained_the_whole(member: Callable[..., Path], tmp_path: Path) -> None:
    own = [member(seed, training={"seed": seed, "trained_patients": [f"p{seed}", "p0"]}) for seed in (1, 2)]
    merge(own, tmp_path / "all.safetensors")
    assert describe_weights(tmp_path / "all.safetensors").training["trained_patients"] == ["p0", "p1", "p2"]


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("settings", {"model": {**SEQUENCE, "dropout": 0.1}}),
        ("segmentation", {"segmentation": {"name": "window", "before_s": 0.2}}),
        ("labelling", {"labelling": {}}),
    ],
)
def test_members_that_differ_are_refused(
    member: Callable[..., Path], tmp_path: Path, what: str, changed: dict[str, Any]
) -> None:
    one, other = member(1, SEQUENCE), member(2, **{"model": SEQUENCE, **changed})
    with pytest.raises(EcgError, match=rf"2\.safetensors: its {what} are not those of .*1\.safetensors"):
        merge([one, other], tmp_path / "all.safetensors")
    assert not (tmp_path / "all.safetensors").exists()


def test_members_of_other_classes_are_refused(member: Callable[..., Path], tmp_path: Path, info: DataInfo) -> None:
    other = replace(info, classes=("N", "S", "F"), shapes=SHAPES["kachuee"])
    with pytest.raises(EcgError, match="its beats or classes are not those of"):
        merge([member(1), member(2, info=other)], tmp_path / "all.safetensors")


@pytest.mark.parametrize("number", [0, 1])
def test_one_run_is_no_ensemble(member: Callable[..., Path], tmp_path: Path, number: int) -> None:
    with pytest.raises(EcgError, match="two runs or more"):
        merge([member(1)][:number], tmp_path / "all.safetensors")


def test_a_file_that_is_there_is_kept_unless_forced(member: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "all.safetensors"
    out.write_bytes(b"mine")
    own = [member(1), member(2)]
    with pytest.raises(EcgError, match=r"all\.safetensors exists; .*--force"):
        merge(own, out)
    assert out.read_bytes() == b"mine"
    merge(own, out, force=True)
    assert describe_weights(out).settings["name"] == "ensemble"


def test_what_is_no_weights_file_is_named(member: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(EcgError, match="nothing does not exist"):
        merge([member(1), tmp_path / "nothing"], tmp_path / "all.safetensors")


def test_an_ensemble_of_ensembles_is_refused(member: Callable[..., Path], tmp_path: Path) -> None:
    """Such a file could not be read."""
    first, second, out = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "both"))
    merge([member(1), member(2)], first)
    merge([member(3), member(4)], second)
    with pytest.raises(EcgError, match="ensemble"):
        merge([first, second], out)
    assert not out.exists()


OWN = """
from ecg.models import kachuee

def mine(*, input_shape, n_classes):
    return kachuee(input_shape=input_shape, n_classes=n_classes)
"""


def test_models_of_ones_own_are_refused(
    tmp_path: Path, info: DataInfo, here: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have an import path and no name, by which the file could be read."""
    here("own_models", OWN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("ECG_TRUST", "own_models")
    out, own = tmp_path / "both.safetensors", []
    for seed in (1, 2):
        own.append(tmp_path / f"own{seed}.safetensors")
        save_weights(
            own[-1],
            built(KACHUEE, seed).state_dict(),
            info=replace(info, shapes=SHAPES["kachuee"]),
            model={"_target_": "own_models.mine"},
            segmentation={"name": "kaggle"},
            training={},
        )
    assert load_weights(own[0]).model.names == built(KACHUEE, 1).names
    with pytest.raises(EcgError, match="own_models"):
        merge(own, out)
    assert not out.exists()
