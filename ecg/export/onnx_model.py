"""A trained model as ONNX, with all that its weights file says of itself."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from torch import Tensor, nn

from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.runs.weights import Weights

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUTS = "beats", ("probabilities", "logits")
OPSET = 18
"""Version of the operators; tried with torch 2.6 and 2.13, and older than any onnxruntime that we allow."""
INSTALL = "ecg export needs onnx and onnxruntime; install them with: pip install 'onnx>=1.17,<2' 'onnxruntime>=1.20,<2'"


class WithProbabilities(nn.Module):
    """Probabilities beside the logits, so that who runs the file needs no softmax of their own."""

    def __init__(self, model: LayeredModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, beats: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and logits, both [batch, class], of beats [batch, channel, sample]."""
        logits = self.model(beats)
        return logits.softmax(dim=1), logits


def require_libraries() -> None:
    """Say so before any work where a library is missing.

    Raises:
        EcgError: with the command that installs them.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        raise EcgError(INSTALL) from None


def onnx_model(weights: Weights) -> ModelProto:
    """The model with softmax, for batches of any size, its metadata under the keys of the weights file.

    Input `beats`, float32 [batch, channel, sample]; outputs `probabilities` and `logits`, float32 [batch, class].
    """
    import onnx

    module, written = WithProbabilities(weights.model).eval(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module,
            (torch.zeros(2, *weights.info.shape),),
            written,  # type: ignore[arg-type]  # a file is what torch says it takes; a buffer is what it takes as well
            dynamo=False,  # the newer exporter fails on torch 2.6 (batch norm); this one does for all that we allow
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)},
            opset_version=OPSET,
        )
    made = onnx.load_from_string(written.getvalue())
    made.doc_string = f"{weights.info.title}. Research software, no medical device."
    onnx.helper.set_model_props(made, stored_metadata(weights))
    onnx.checker.check_model(made, full_check=True)
    return made


def stored_metadata(weights: Weights) -> dict[str, str]:
    """What the weights file holds beside its tensors, word for word: format, ecg, model, data, cut, training."""
    with safe_open(weights.path, framework="pt") as stored:
        return dict(sorted(stored.metadata().items()))  # safetensors keeps no order
