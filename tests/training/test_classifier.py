"""Which layers move, how fast, and in which mode."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ecg.models import LayeredModel, cnn
from ecg.training.classifier import Classifier
from ecg.training.optimizers import optimizer_rule, schedule_rule


def classifier(model: LayeredModel, **more: object) -> Classifier:
    return Classifier(
        model,
        loss=torch.nn.CrossEntropyLoss(),
        optimizer=optimizer_rule("adamw", lr=0.1, weight_decay=0.01, momentum=0.9),
        schedule=schedule_rule("constant", warmup=0.3, factor=0.3, patience=0),
        **more,  # type: ignore[arg-type]
    )


def test_frozen_layers_stay_in_eval_mode_whatever_mode_is_asked_for(tiny: Callable[[], LayeredModel]) -> None:
    model = tiny().eval()
    made = classifier(model, frozen=["fc"])
    for _ in range(2):
        assert not any(module.training for module in model.layers["fc"].modules())
        assert all(module.training for module in model.layers["head"].modules())
        made.train()
    assert not any(p.requires_grad for p in model.layers["fc"].parameters())
    made.eval()
    assert not model.layers["head"].training


@pytest.mark.parametrize("frozen", [(), ("conv1", "conv2")])
def test_layers_further_from_the_head_learn_more_slowly(frozen: tuple[str, ...]) -> None:
    model = cnn(input_shape=(1, 187), n_classes=2)
    made = classifier(model, frozen=frozen, lr_decay=0.5)
    optimizer = made.optimizer_rule(made._groups())
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for i, name in enumerate(reversed(model.names)):
        for parameter in model.layers[name].parameters():
            if name in frozen:
                assert id(parameter) not in rates
            else:
                assert rates[id(parameter)] == pytest.approx(0.1 * 0.5**i)


def test_without_decay_there_is_one_rate_for_all_that_learns(tiny: Callable[[], LayeredModel]) -> None:
    made = classifier(tiny())
    optimizer = made.optimizer_rule(made._groups())
    assert [group["lr"] for group in optimizer.param_groups] == [0.1]
    assert len(optimizer.param_groups[0]["params"]) == len(list(made.parameters()))


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_the_fast_form_of_an_optimizer_takes_the_plain_form_s_step(name: str) -> None:
    plain = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
    weights = [torch.nn.Parameter(torch.linspace(-1, 1, 7)) for _ in range(2)]
    fast = optimizer_rule(name, lr=0.1, weight_decay=0.2, momentum=0.7)([weights[0]])
    if name == "sgd":
        slow: torch.optim.Optimizer = torch.optim.SGD([weights[1]], lr=0.1, weight_decay=0.2, momentum=0.7)
    else:
        slow = plain[name]([weights[1]], lr=0.1, weight_decay=0.2, foreach=False)  # type: ignore[call-arg]
    for optimizer, weight in ((fast, weights[0]), (slow, weights[1])):
        for step in range(3):
            weight.grad = torch.cos(torch.arange(7.0) + step)
            optimizer.step()
    torch.testing.assert_close(weights[0], weights[1])
