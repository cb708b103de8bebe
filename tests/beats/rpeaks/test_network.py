"""The network: its size, what it sees, that chunks and fusing change nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ecg.beats.rpeaks import learnt
from ecg.beats.rpeaks.learnt import probability_of
from ecg.beats.rpeaks.network import MARGIN_S, RPeakNet, fused
from ecg.checks import BadSettingError

Net = Callable[..., RPeakNet]


def test_it_has_20_993_parameters_and_half_the_rate() -> None:
    net = RPeakNet()
    assert sum(p.numel() for p in net.parameters()) == 20_993
    parts = {"stem.0": 176 - 32, "stem.3": 1312, "down": 1968, "context": 5 * 2928, "up": 1568, "last.1": 17}
    count = {name: sum(p.numel() for p in net.get_submodule(name).parameters()) for name in parts}
    assert count == parts
    assert net(torch.zeros(3, 4 * 37)).shape == (3, 2 * 37)


@pytest.mark.parametrize("dilations", [(), (1,), (1, 2, 4, 8, 16), (1, 2, 4, 8, 16, 16)])
def test_it_sees_no_further_than_is_said_and_the_margin(random_net: Net, dilations: tuple[int, ...]) -> None:
    net = random_net(channels=(4, 4), dilations=dilations)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            torch.nn.init.constant_(module.bias, 100)  # every ReLU lets through what it gets
    signal = torch.randn(1, 2000, generator=torch.Generator().manual_seed(0), requires_grad=True)
    net(signal)[0, 500].backward()
    assert signal.grad is not None
    seen = float((torch.nonzero(signal.grad[0]).flatten() / 100 - 10.0).abs().max())
    assert seen == pytest.approx(0.2 + 0.08 * sum(dilations), abs=0.001)
    assert seen < MARGIN_S


def test_fused_it_gives_the_same(random_net: Net) -> None:
    signal = torch.randn(2, 1200, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = random_net()(signal)
        found = fused(random_net())
        assert not any(isinstance(module, torch.nn.BatchNorm1d) for module in found.modules())
        torch.testing.assert_close(found(signal), expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 399, 1000, 1001, 1999, 2000, 2001, 2002, 2003, 2399, 4021, 6000])
def test_chunks_give_what_the_whole_gives(random_net: Net, monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    signal = np.random.default_rng(n).normal(0, 1, n).astype(np.float32)
    net = random_net()
    with torch.inference_mode():
        whole = torch.sigmoid(net(torch.from_numpy(np.pad(signal, (0, -n % 4)))[None]))[0, : (n + 1) // 2].numpy()
    monkeypatch.setattr(learnt, "CHUNK_S", 10.0)
    found = probability_of(net, signal)
    assert found.shape == ((n + 1) // 2,)
    np.testing.assert_allclose(found, whole, atol=1e-5)
    assert found.std() > 0 or n < 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"channels": [16]}, r"^channels=\[16\]: must be two numbers"),
        ({"channels": [0, 4]}, "^channels=0: must be at least 1"),
        ({"dilations": [1, 0]}, "^dilations=0: must be at least 1"),
        ({"dilations": [48]}, r"^dilations=\[48\]: sees 4.04 s to each side, at most 4 s"),
    ],
)
def test_settings_that_make_no_detector_are_refused(settings: dict[str, list[int]], said: str) -> None:
    with pytest.raises(BadSettingError, match=said):
        RPeakNet(**settings)
