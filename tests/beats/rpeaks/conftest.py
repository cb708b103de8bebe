"""A small network that learnt on made signals in a few seconds, as a detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ecg.beats.rpeaks import Learnt
from ecg.beats.rpeaks.network import RPeakNet
from ecg.beats.rpeaks.signal import prepared
from ecg.beats.rpeaks.weights import save_rpeak_net
from ecg.data.rpeaks.augment import RPeakAugment
from ecg.data.rpeaks.series import Series
from ecg.data.rpeaks.windows import DrawnWindows
from ecg.training.rpeaks import RPeakLoss


def stirred(seed: int = 0, **settings: object) -> RPeakNet:
    """A network whose weights and BatchNorm statistics are all random, in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = RPeakNet(**settings)  # type: ignore[arg-type]
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                nn.init.normal_(module.weight, 1, 0.3)
                nn.init.normal_(module.bias, 0, 0.3)
    return net.eval()


@pytest.fixture
def random_net() -> Callable[..., RPeakNet]:
    """Makes a network of random weights."""
    return stirred


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory, lead: Callable[..., np.ndarray],
           times: Callable[..., np.ndarray]) -> Learnt:  # fmt: skip
    """A detector that finds the beats of `made_lead`."""
    made = [prepared(lead(200, 120, seed), 200) for seed in range(3)]
    series = [Series(str(i), "made", str(i), one, times(120, i), np.zeros((0, 2))) for i, one in enumerate(made)]
    drawn = DrawnWindows(series, {"made": 1}, RPeakAugment(empty=0.2, motion=0), 8, 0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net, loss = RPeakNet(channels=(8, 8), dilations=(1, 2)), RPeakLoss()
        optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
        for step in range(60):
            signal, target, counts = drawn[torch.tensor([step, *range(8)])]
            optimizer.zero_grad()
            loss(net(signal), target, counts).backward()
            optimizer.step()
    path = tmp_path_factory.mktemp("taught") / "weights.safetensors"
    save_rpeak_net(Path(path), net, {})
    return Learnt(path)
