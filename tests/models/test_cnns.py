"""What the two models of single beats do in particular."""

from __future__ import annotations

import torch

from ecg.models import MODELS


def test_cnn_drops_features_in_training_only() -> None:
    model = MODELS["cnn"]()
    x = torch.rand(4, 1, 187)
    for layer in list(model.layers.values())[:4]:
        layer.eval()  # BatchNorm apart, training differs by dropout alone
    assert not torch.equal(model(x), model(x))
    assert torch.equal(model.eval()(x), model(x))


def test_dropout_of_the_cnn_can_be_set() -> None:
    model = MODELS["cnn"](input_shape=(1, 187), n_classes=5, dropout=0.7)
    rates = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]
    assert rates == [0.7] * 4


def test_a_kachuee_block_adds_its_input() -> None:
    block = MODELS["kachuee"]().layers["block1"]
    for p in block.parameters():
        torch.nn.init.zeros_(p)
    x = torch.randn(2, 32, 50)
    torch.testing.assert_close(block(x), torch.nn.functional.max_pool1d(x.relu(), 5, 2))


def test_a_kachuee_block_is_the_papers_figure_2() -> None:
    torch.manual_seed(0)
    block = MODELS["kachuee"]().layers["block1"]
    tensors = block.state_dict()

    def convolved(x: torch.Tensor, name: str) -> torch.Tensor:
        return torch.conv1d(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"], padding="same")

    x = torch.randn(2, 32, 50)
    inner = convolved(convolved(x, "first").relu(), "second")
    expected = torch.nn.functional.max_pool1d((inner + x).relu(), 5, 2)
    torch.testing.assert_close(block(x), expected)
    assert (expected == 0).any()
