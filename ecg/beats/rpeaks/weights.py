"""The learnt detector's weights as a safetensors file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecg.atomic import whole_file
from ecg.checks import BadSettingError
from ecg.errors import EcgError

if TYPE_CHECKING:
    from ecg.beats.rpeaks.network import RPeakNet

FORMAT = "ecg-rpeaks-1"
MOST_PARAMETERS = 10_000_000
"""A file that asks for a network of more is taken for damaged."""


def save_rpeak_net(path: Path, net: RPeakNet, training: Mapping[str, Any]) -> None:
    """Write the weights, the network's settings, and what made them.

    Args:
        path: the file.
        net: the trained network.
        training: records, steps, scores.
    """
    from safetensors.torch import save_file

    said = {"format": FORMAT, "network": json.dumps(net.settings), "training": json.dumps(training, default=dict)}
    with whole_file(path) as temporary:
        save_file({name: value.contiguous() for name, value in net.state_dict().items()}, temporary, said)


def _shapes(state: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}


def load_rpeak_net(path: Path) -> RPeakNet:
    """The network of a weights file, in eval mode.

    Raises:
        EcgError: missing, damaged, or no detector's weights.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    from ecg.beats.rpeaks.network import RPeakNet

    try:
        with safe_open(path, framework="pt") as stored:
            said = stored.metadata() or {}
            if said.get("format") != FORMAT:
                raise EcgError(f"{path}: holds no R-peak detector; train one with python train.py experiment=rpeaks")
            state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        if sum(value.numel() for value in state.values()) > MOST_PARAMETERS:
            raise ValueError("its tensors are too large")
        with torch.device("meta"):
            wanted = RPeakNet(**json.loads(said["network"])).state_dict()
        if _shapes(wanted) != _shapes(state):
            raise ValueError("its tensors do not fit its network")
        if not all(bool(torch.isfinite(value).all()) for value in state.values()):
            raise ValueError("values that are NaN or infinite")
        net = RPeakNet(**json.loads(said["network"]))
        net.load_state_dict(state)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError, BadSettingError) as error:
        raise EcgError(f"{path}: damaged or no detector's weights ({' '.join(str(error).split())})") from None
    return net.eval()
