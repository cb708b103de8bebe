"""`ecg export` of a detector of R peaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from ecg.beats.rpeaks.learnt import probability_of
from ecg.beats.rpeaks.network import RPeakNet
from ecg.beats.rpeaks.weights import save_rpeak_net
from ecg.errors import EcgError
from ecg.export import rpeaks

Command = Callable[..., str]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Of random weights and statistics."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = RPeakNet(channels=(4, 6), dilations=(1, 4))
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d):
                nn.init.normal_(module.weight, 1, 0.3)
                nn.init.normal_(module.bias, 0, 0.3)
    path = tmp_path / "run" / "weights.safetensors"
    path.parent.mkdir()
    save_rpeak_net(path, net, {})
    return path


@pytest.mark.filterwarnings("ignore")
def test_the_file_gives_the_networks_probabilities_for_any_length(weights: Path, command: Command) -> None:
    said = command("export", weights.parent)
    out = weights.with_suffix(".onnx")
    for word in ("weights.onnx", "MB, ONNX opset", "100 Hz", "multiple of 4", "20 ms", "differs from torch by at most"):
        assert word in said
    model = onnx.load(out)
    about = json.loads({prop.key: prop.value for prop in model.metadata_props}["ecg"])
    assert about == {"signal_hz": 100, "probability_hz": 50, "multiple_of": 4}
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    net = rpeaks.load_rpeak_net(weights)
    for n in (4, 400, 5000):
        signal = np.random.default_rng(n).normal(0, 1, n).astype(np.float32)
        found = session.run(["probability"], {"signal": signal[None]})[0][0]
        np.testing.assert_allclose(found, probability_of(net, signal), atol=1e-5)
    assert session.run(None, {"signal": np.zeros((3, 8), dtype=np.float32)})[0].shape == (3, 4)


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_disagrees_is_not_kept(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpeaks, "AGREE", 0.0)
    with pytest.raises(EcgError, match=r"x\.onnx: disagrees with torch by .*; it is not kept"):
        rpeaks.export_rpeaks(weights, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_there_is_kept_unless_forced(weights: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "x.onnx"
    out.write_bytes(b"old")
    assert "exists; replace it with --force" in command("export", weights, "--out", out, code=1)
    assert out.read_bytes() == b"old"
    command("export", weights, "--out", out, "--force")
    assert out.stat().st_size > 1000
    assert rpeaks.is_detector(weights)
    with pytest.raises(EcgError, match="cut off or no safetensors file"):
        rpeaks.is_detector(out)


@pytest.mark.parametrize("command_words", [("evaluate",), ("explain",), ("predict", "--sample", "--weights")])
def test_commands_that_label_beats_refuse_a_detector_in_a_line(
    weights: Path, command: Command, command_words: tuple[str, ...], tmp_path: Path
) -> None:
    out = ("--out", tmp_path / "out")
    said = command(*command_words, weights.parent, *out, code=1)
    assert "holds a detector of R peaks, which labels no beats; name it with --rpeaks" in said
    assert not list((tmp_path / "out").rglob("*.csv"))
