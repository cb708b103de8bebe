"""What `ecg predict`, `evaluate`, `export` and `explain` say of a finished run that is not what it was."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ecg.errors import EcgError
from ecg.runs.run import load_run

Command = Callable[..., str]
COMMANDS = ("predict", "evaluate", "export", "explain")
DAMAGE = {"cut off": b'{"beats": {"sim0', "empty": b"", "a list": b"[1]\n", "no text": bytes(range(256))}


@pytest.fixture
def run(by_patient: Path, tmp_path: Path) -> Path:
    """A finished run of one's own to damage."""
    return Path(shutil.copytree(by_patient, tmp_path / "run"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def words(run: Path, cache: Path, out: Path) -> Callable[[str], list[object]]:
    """What is typed to use the run with a command."""
    recording = cache / "simulated-arrhythmia-12x0.5min-seed0" / "sim000.hea"

    def typed(name: str) -> list[object]:
        if name == "predict":
            return [name, recording, "--weights", run, "--out", out]
        return [name, run, "--out", out / "weights.onnx" if name == "export" else out]

    return typed


def refused(said: str) -> str:
    """The one line of an error, below what was being done."""
    (line,) = [line for line in said.splitlines() if not line.endswith(" ...")]
    assert line.startswith("error: ")
    return line


def content(weights: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a weights file."""
    with safe_open(weights, "pt") as stored:
        return {name: stored.get_tensor(name) for name in stored.keys()}, stored.metadata()  # noqa: SIM118


def spoil(weights: Path, value: float, which: int) -> str:
    """Put a value into one tensor; gives that tensor's name."""
    tensors, metadata = content(weights)
    name = [name for name, tensor in tensors.items() if tensor.is_floating_point()][which]
    tensors[name].view(-1)[-1] = value
    save_file(tensors, weights, metadata)
    return name


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("value", "which"), [(float("nan"), 0), (float("inf"), -1)])
def test_weights_that_are_not_finite_are_refused_by_the_tensors_name(
    name: str, value: float, which: int, run: Path, words: Callable[[str], list[object]], out: Path, command: Command
) -> None:
    tensor = spoil(run / "weights.safetensors", value, which)
    line = refused(command(*words(name), code=1))
    assert f"{run / 'weights.safetensors'}: the tensor {tensor} has values that are NaN or infinite" in line
    assert not out.exists() or not list(out.iterdir())


def test_another_seed_with_weights_that_are_not_finite_is_refused_too(
    run: Path, by_patient: Path, command: Command
) -> None:
    tensor = spoil(run / "weights.safetensors", float("nan"), 0)
    line = refused(command("explain", by_patient, run, code=1))
    assert str(run) in line
    assert tensor in line


def test_weights_with_a_tensor_too_few_are_refused_by_its_name(
    run: Path, words: Callable[[str], list[object]], command: Command
) -> None:
    path = run / "weights.safetensors"
    tensors, metadata = content(path)
    name, _ = tensors.popitem()
    save_file(tensors | {"more": torch.zeros(1)}, path, metadata)
    for one in COMMANDS:
        line = refused(command(*words(one), code=1))
        assert f"{name}: missing" in line
        assert "more: (1,), wanted none" in line


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("config.yaml", ("evaluate", "explain")),
        ("split.json", ("predict", "evaluate")),
        ("transfer.json", ("evaluate",)),
        ("metrics.json", ("predict",)),
    ],
)
def test_a_damaged_file_that_is_needed_is_named_in_one_line(
    file: str,
    names: tuple[str, ...],
    damage: str,
    run: Path,
    words: Callable[[str], list[object]],
    out: Path,
    command: Command,
) -> None:
    (run / file).write_bytes(DAMAGE[damage])
    for name in names:
        line = refused(command(*words(name), code=1))
        assert f"{run / file} is damaged" in line
        assert not out.exists() or not list(out.iterdir())


def test_a_damaged_file_that_is_not_needed_is_no_obstacle(
    run: Path, words: Callable[[str], list[object]], out: Path, command: Command
) -> None:
    command(*words("predict"))
    labels = (out / "sim000.csv").read_bytes()
    for file in ("config.yaml", "history.csv", "predictions.csv", "provenance.json"):
        (run / file).write_bytes(DAMAGE["no text"])
    command(*words("predict"), "--force")
    assert (out / "sim000.csv").read_bytes() == labels  # the weights hold all that labelling takes
    said = command(*words("export"))
    assert f"random beats, evenly distributed from 0 to 1 ({run / 'config.yaml'} is damaged" in said


def test_a_damaged_run_still_opens_and_says_so_where_a_file_is_asked_for(run: Path) -> None:
    asked = {
        "config.yaml": "config",
        "history.csv": "history",
        "predictions.csv": "predictions",
        "split.json": "split",
        "transfer.json": "origin",
        "weights.safetensors": "weights",
    }
    for file in asked:
        (run / file).write_bytes(DAMAGE["empty"])
    opened = load_run(run)
    assert opened.state == "finished"
    for file, attribute in asked.items():
        with pytest.raises(EcgError, match=f"^{re.escape(str(run / file))}.*$"):
            getattr(opened, attribute)
    (run / "metrics.json").write_bytes(DAMAGE["cut off"])
    assert load_run(run).state == "failed"
    assert str(run / "metrics.json") in load_run(run).reason
