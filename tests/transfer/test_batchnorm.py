"""Statistics counted anew are plain means over batches of the new beats; nothing else of the model changes."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from ecg.models import LayeredModel, cnn, sequence
from ecg.transfer.batchnorm import reestimate_batchnorm


def normed(*, flat: bool) -> LayeredModel:
    """Norms over single features, or over features along time; after dropout, which must be off."""
    torch.manual_seed(0)
    first = [nn.Dropout(0.5), nn.Flatten(), nn.BatchNorm1d(6)] if flat else [nn.Dropout(0.5), nn.BatchNorm1d(2)]
    layers = {"first": nn.Sequential(*first), "head": nn.Sequential(nn.Flatten(), nn.Linear(6, 2))}
    return LayeredModel(layers, input_shape=(2, 3), n_classes=2)


def norm_of(model: LayeredModel) -> nn.BatchNorm1d:
    (norm,) = (module for module in model.modules() if isinstance(module, nn.BatchNorm1d))
    return norm


def statistics(x: Tensor, flat: bool) -> tuple[Tensor, Tensor]:
    values = x.flatten(1) if flat else x.transpose(1, 2).flatten(0, 1)
    return values.mean(dim=0), values.var(dim=0)


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("n", [8, 16, 13])
def test_statistics_are_means_over_batches_of_the_new_beats(flat: bool, n: int) -> None:
    model, x = normed(flat=flat), 3 * torch.randn(n, 2, 3) + 5
    norm_of(model).running_mean = torch.full((6 if flat else 2,), -9.0)
    assert reestimate_batchnorm(model, {"signal": x}, batch_size=8) == 1
    parts = [statistics(part, flat) for part in x.split(8)]
    torch.testing.assert_close(norm_of(model).running_mean, torch.stack([mean for mean, _ in parts]).mean(dim=0))
    torch.testing.assert_close(norm_of(model).running_var, torch.stack([var for _, var in parts]).mean(dim=0))
    assert norm_of(model).momentum == 0.1
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("flat", [True, False])
def test_one_beat_at_the_end_has_no_variance_and_is_left_out(flat: bool) -> None:
    model, x = normed(flat=flat), torch.randn(9, 2, 3)
    x[8] = 1e4
    reestimate_batchnorm(model, {"signal": x}, batch_size=8)
    mean, var = statistics(x[:8], flat)
    torch.testing.assert_close(norm_of(model).running_mean, mean)
    torch.testing.assert_close(norm_of(model).running_var, var)
    assert int(norm_of(model).num_batches_tracked) == 1  # type: ignore[arg-type]


def test_weights_and_everything_else_stay_as_they_were() -> None:
    model = cnn(input_shape=(1, 29), n_classes=2)
    before = copy.deepcopy(model.state_dict())
    assert reestimate_batchnorm(model, {"signal": torch.randn(30, 1, 29)}) == 4
    changed = {
        name.rpartition(".")[2] for name, value in model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == {"running_mean", "running_var", "num_batches_tracked"}


def test_of_consecutive_beats_the_layers_that_see_one_are_counted_on_each_beat() -> None:
    torch.manual_seed(0)
    made = sequence(inputs={"signal": (1, 24), "rhythm": (4,)}, beats=6, context=1, n_classes=2)
    made.layers["head"] = nn.Sequential(made.head, nn.Flatten(0, 1), nn.BatchNorm1d(2), nn.Unflatten(0, (-1, 6)))
    x = {"signal": torch.randn(50, 1, 24), "rhythm": torch.randn(50, 4)}
    after = made.layers["head"][2]
    kept = after.running_mean.clone()
    assert reestimate_batchnorm(made, x) == 2
    convolution, norm = made.layers["wave1"][0], made.layers["wave1"][1]
    with torch.no_grad():
        mean = convolution(x["signal"]).mean(dim=(0, 2))
    torch.testing.assert_close(norm.running_mean, mean, rtol=1e-4, atol=1e-5)
    assert torch.equal(after.running_mean, kept)  # it sees windows
    assert after.momentum == 0.1


def test_a_model_without_norms_is_left_alone() -> None:
    model = LayeredModel({"head": nn.Sequential(nn.Flatten(), nn.Linear(6, 2))}, input_shape=(2, 3), n_classes=2)
    assert reestimate_batchnorm(model, {"signal": torch.randn(5, 2, 3)}) == 0
