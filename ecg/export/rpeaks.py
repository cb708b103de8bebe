"""The R-peak detector's network as ONNX."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ecg.atomic import whole_file
from ecg.beats.rpeaks.network import FS, MULTIPLE, fused
from ecg.beats.rpeaks.signal import FS as SIGNAL_FS
from ecg.beats.rpeaks.weights import FORMAT, load_rpeak_net
from ecg.errors import EcgError
from ecg.export.onnx_model import OPSET, require_libraries

AGREE = 1e-4
"""Largest difference of a probability from torch's."""


class _Probability(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, signal: Tensor) -> Tensor:
        return torch.sigmoid(self.net(signal))


def is_detector(weights: Path) -> bool:
    """Whether a weights file holds a detector of R peaks.

    Raises:
        EcgError: it is no safetensors file.
    """
    try:
        with safe_open(weights, framework="pt") as stored:
            return bool((stored.metadata() or {}).get("format") == FORMAT)
    except (SafetensorError, OSError) as error:
        raise EcgError(f"{weights}: cut off or no safetensors file ({' '.join(str(error).split())})") from None


def export_rpeaks(weights: Path, out: Path) -> tuple[str, ...]:
    """Write the network with a sigmoid, for signals of any number and length, and check it against torch.

    Args:
        weights: of `experiment=rpeaks`.
        out: the file.

    Returns:
        What to tell of it.

    Raises:
        EcgError: a library is missing, or the file disagrees with torch; it is then not kept.
    """
    require_libraries()
    import onnx
    import onnxruntime

    module, written = _Probability(fused(load_rpeak_net(weights))).eval(), io.BytesIO()
    given = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (2, 4000)).astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter about itself; what it made is compared with torch
        torch.onnx.export(
            module, (given,), written, dynamo=False, opset_version=OPSET,  # type: ignore[arg-type]
            input_names=["signal"], output_names=["probability"],
            dynamic_axes={"signal": {0: "batch", 1: "time"}, "probability": {0: "batch", 1: "time"}},
        )  # fmt: skip
    made = onnx.load_from_string(written.getvalue())
    said = {"signal_hz": SIGNAL_FS, "probability_hz": FS, "multiple_of": MULTIPLE}
    onnx.helper.set_model_props(made, {"ecg": json.dumps(said)})
    onnx.checker.check_model(made, full_check=True)
    other = torch.cat([given, given.flip(1)], dim=1)[:1]
    with whole_file(out) as temporary:
        temporary.write_bytes(made.SerializeToString())
        session = onnxruntime.InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
        with torch.inference_mode():
            off = max(
                float(np.abs(session.run(None, {"signal": x.numpy()})[0] - module(x).numpy()).max())
                for x in (given, other)
            )
        if not off < AGREE:
            raise EcgError(f"{out}: disagrees with torch by {off:.1e}; it is not kept")
    return (
        f"{out}: {out.stat().st_size / 1e6:.2f} MB, ONNX opset {OPSET}",
        f"input signal float32 [batch, time] at {SIGNAL_FS:g} Hz as ecg.beats.rpeaks.signal.prepared makes it, time a "
        f"multiple of {MULTIPLE}; output probability [batch, time / 2], one value each {1000 / FS:g} ms",
        f"checked on noise: differs from torch by at most {off:.1e}",
    )
