"""A trained model as ONNX, with all that its weights file says of itself."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from torch import Tensor, nn

from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.training.weights import Weights

if TYPE_CHECKING:
    from onnx import ModelProto

INPUT, OUTPUTS = "beats", ("probabilities", "logits")
OPSET = 18
"""The operators that torch 2.6 to 2.13 all write without a conversion; read by onnxruntime since 1.14."""
INSTALL = (
    "ecg export needs onnx, onnxruntime and onnxscript; install them with: "
    "pip install 'onnx>=1.17,<2' 'onnxruntime>=1.20,<2' 'onnxscript>=0.6.2,<1'"
)


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
    """Say so before any work if a library is missing.

    Raises:
        EcgError: with the command that installs them.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise EcgError(INSTALL) from None


def onnx_model(weights: Weights) -> ModelProto:
    """The model with softmax, for batches of any size, its metadata under the keys of the weights file.

    Input `beats`, float32 [batch, channel, sample]; outputs `probabilities` and `logits`, float32 [batch, class].
    """
    import onnx

    module = WithProbabilities(weights.model).eval()
    beats = torch.zeros(2, *weights.info.shape)  # two: the exporter takes a batch of one for a constant
    with _quiet():
        program = torch.onnx.export(
            module,
            (beats,),
            dynamo=True,  # the other exporter is deprecated
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={"beats": {0: torch.export.Dim("batch")}},
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    made: ModelProto = onnx.ModelProto.FromString(program.model_proto.SerializeToString())
    made.doc_string = f"{weights.info.title}. Research software, no medical device."
    del made.metadata_props[:]
    onnx.helper.set_model_props(made, stored_metadata(weights))
    onnx.checker.check_model(made, full_check=True)
    return made


def stored_metadata(weights: Weights) -> dict[str, str]:
    """What the weights file holds beside its tensors, word for word: format, ecg, model, data, cut, training."""
    with safe_open(weights.path, framework="pt") as stored:
        return dict(stored.metadata())


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter remarks on libraries that are not needed here, torchvision for one."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
