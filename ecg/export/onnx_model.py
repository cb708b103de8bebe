"""A trained model as ONNX, with all that its weights file says of itself."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from torch import Tensor, nn

from ecg.beats.table import MASK
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.models.faster import faster
from ecg.runs.weights import Weights

if TYPE_CHECKING:
    from onnx import ModelProto

OUTPUTS = ("probabilities", "logits")
OPSET = 18
"""Version of the operators; tried with torch 2.6 and 2.13, and older than any onnxruntime that we allow."""
INSTALL = "ecg export needs onnx and onnxruntime; install them with: pip install 'onnx>=1.17,<2' 'onnxruntime>=1.20,<2'"


class WithProbabilities(nn.Module):
    """Probabilities beside the logits, so that who runs the file needs no softmax of their own.

    Args:
        model: takes its inputs by name.
        names: of the inputs, which come one after the other here.
    """

    def __init__(self, model: LayeredModel, names: Iterable[str]) -> None:
        super().__init__()
        self.model, self.names = model, tuple(names)

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and logits, both [batch, class], or [window, beat, class]."""
        logits = self.model(dict(zip(self.names, given, strict=True)))
        return logits.softmax(dim=-1), logits


def drawn_inputs(model: LayeredModel, n: int) -> dict[str, npt.NDArray[Any]]:
    """Random beats, or windows of beats none of which is missing, from 0 to 1: by the names that the file uses."""
    rng, lead = np.random.default_rng(0), (n,) if model.beats == 1 else (n, model.beats)
    drawn = {name: rng.random((*lead, *shape), dtype=np.float32) for name, shape in model.inputs.items()}
    return drawn if model.beats == 1 else {**drawn, MASK: np.ones(lead, dtype=np.bool_)}


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

    Inputs by name, float32 [batch, ...]; outputs `probabilities` and `logits`, float32 [batch, class]. Of a model that
    sees K consecutive beats, inputs are [window, K, ...], with `mask`, bool [window, K], outputs [window, K, class].
    """
    import onnx

    given = drawn_inputs(weights.model, 2)
    module, written = WithProbabilities(faster(weights.model), given).eval(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter about itself; what it made is compared with torch
        torch.onnx.export(
            module,
            tuple(map(torch.from_numpy, given.values())),
            written,  # type: ignore[arg-type]  # a file is what torch says it takes; a buffer is what it takes as well
            dynamo=False,  # the newer exporter fails on torch 2.6 (batch norm); this one does for all that we allow
            input_names=list(given),
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in (*given, *OUTPUTS)},
            opset_version=OPSET,
        )
    made = onnx.load_from_string(written.getvalue())
    made.doc_string = f"{weights.info.title}. Research software, no medical device."
    onnx.helper.set_model_props(made, stored_metadata(weights))
    onnx.checker.check_model(made, full_check=True)
    return made


def stored_metadata(weights: Weights) -> dict[str, str]:
    """What the weights file holds beside its tensors, word for word."""
    with safe_open(weights.path, framework="pt") as stored:
        return dict(sorted(stored.metadata().items()))  # safetensors keeps no order
