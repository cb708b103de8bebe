"""What is taken from checkpoints: where to go on, the best weights, and nothing that would be run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.runs.checkpoints import NEEDED, ResumePoint, best_weights, resume_point
from ecg.runs.folder import RunFolder

WHOLE: dict[str, Any] = {
    "epoch": 2, "global_step": 30, "state_dict": {}, "optimizer_states": [], "lr_schedulers": [], "loops": {},
    "callbacks": {},
}  # fmt: skip


class Code:
    """Something that runs code when it is unpickled."""

    flag = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path(self.flag),))


def test_a_run_goes_on_behind_its_whole_epochs(run_folder: RunFolder) -> None:
    assert resume_point(run_folder) is None
    torch.save(WHOLE, run_folder.last_checkpoint)
    assert resume_point(run_folder) == ResumePoint(run_folder.last_checkpoint, 3)


@pytest.mark.parametrize("missing", NEEDED)
def test_a_checkpoint_without_a_part_that_training_needs_is_damaged(run_folder: RunFolder, missing: str) -> None:
    torch.save({key: value for key, value in WHOLE.items() if key != missing}, run_folder.last_checkpoint)
    with pytest.raises(
        EcgError, match=rf"last\.ckpt is damaged: it has no {missing}; without it, the run begins again"
    ):
        resume_point(run_folder)


@pytest.mark.parametrize("epoch", [-1, None, True, 1.5, "2", [2]])
def test_an_epoch_that_is_no_number_of_epochs_is_damage(run_folder: RunFolder, epoch: object) -> None:
    torch.save(WHOLE | {"epoch": epoch}, run_folder.last_checkpoint)
    with pytest.raises(EcgError, match=r"last\.ckpt is damaged: its epoch is .*; without it, the run begins again"):
        resume_point(run_folder)


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("no checkpoint")


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def a_list(path: Path) -> None:
    torch.save([1], path)


def a_tensor(path: Path) -> None:
    torch.save(torch.zeros(1), path)


def plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(WHOLE, protocol=2))


DAMAGE = (nothing, text, half, a_list, a_tensor, plain_pickle)


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_file_that_is_no_checkpoint_is_named_in_one_line(
    run_folder: RunFolder, damage: Callable[[Path], None]
) -> None:
    for path, read in ((run_folder.last_checkpoint, resume_point), (run_folder.best_checkpoint, best_weights)):
        torch.save(WHOLE | {"state_dict": {"model.w": torch.zeros(1000)}}, path)
        damage(path)
        with pytest.raises(EcgError, match=rf"{path} is damaged.*without it, the run begins again") as told:
            read(run_folder)
        assert str(told.value).isprintable()


def test_nothing_in_a_checkpoint_is_run(run_folder: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Code, "flag", str(tmp_path / "flag"))
    for path, read in ((run_folder.last_checkpoint, resume_point), (run_folder.best_checkpoint, best_weights)):
        torch.save(WHOLE | {"loops": Code()}, path)
        with pytest.raises(EcgError, match=rf"{path} is damaged"):
            read(run_folder)
    assert not (tmp_path / "flag").exists()
    torch.load(run_folder.best_checkpoint, weights_only=False)
    assert (tmp_path / "flag").exists()  # so it would have been


def test_the_best_weights_are_the_models_own(run_folder: RunFolder, tiny: Callable[[], LayeredModel]) -> None:
    assert best_weights(run_folder) is None
    model = tiny()
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    torch.save({"state_dict": state | {"scores.val.count": torch.zeros(1)}}, run_folder.best_checkpoint)
    found = best_weights(run_folder)
    assert found is not None
    other = tiny()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    other.load_state_dict(found)  # every tensor, and no other
    assert torch.equal(other.head.weight, model.head.weight)


@pytest.mark.parametrize("state", [None, [1], {"model.w": 1}, {"model.w": [torch.zeros(1)]}, 3])
def test_a_checkpoint_without_tensors_is_damaged(run_folder: RunFolder, state: object) -> None:
    torch.save({"state_dict": state}, run_folder.best_checkpoint)
    with pytest.raises(EcgError, match=r"best\.ckpt is damaged: it holds no tensors"):
        best_weights(run_folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_best_weights_that_are_not_finite_are_refused_with_the_tensors_name(
    run_folder: RunFolder, tiny: Callable[[], LayeredModel], value: float
) -> None:
    model = tiny()
    with torch.no_grad():
        model.head.bias[1] = value
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": state}, run_folder.best_checkpoint)
    with pytest.raises(
        EcgError, match=r"best\.ckpt: the tensor layers\.head\.bias has values that are NaN or infinite"
    ):
        best_weights(run_folder)
