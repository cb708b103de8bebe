"""Modules that models of neighbouring beats are made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecg.models import LayeredModel, context
from ecg.models.blocks import Joined, Neighbours, Stacked, Standardised, learn_scales


def values(n: int = 500, features: int = 4) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, features)) * [1, 10, 0.1, 3] + [0, -5, 2, 100]).astype(np.float32)


def fitted(**settings: float) -> Standardised:
    made = Standardised(4, **settings)
    made.fit(values())
    return made


def test_training_beats_have_mean_0_and_deviation_1() -> None:
    found = fitted(limit=1e9).eval()(torch.from_numpy(values()))
    assert float(found.mean(dim=0).abs().max()) < 1e-3
    torch.testing.assert_close(found.std(dim=0), torch.ones(4), rtol=5e-3, atol=5e-3)


def test_before_it_knows_beats_it_changes_nothing_but_what_is_beyond_the_limit() -> None:
    x = torch.tensor([[-9.0, -1.0, 0.5, 9.0]])
    assert Standardised(4, limit=5).eval()(x).tolist() == [[-5, -1, 0.5, 5]]


def test_a_constant_feature_stays_finite_and_any_shape_is_taken() -> None:
    made = Standardised(3)
    made.fit(np.full((10, 3), 7.0, dtype=np.float32))
    out = made.eval()(torch.full((2, 5, 3), 7.0))
    assert out.shape == (2, 5, 3)
    assert float(out.abs().max()) < 0.1


def test_noise_is_added_in_training_alone() -> None:
    made, x = fitted(noise=0.1), torch.from_numpy(values())
    torch.manual_seed(0)
    added = made.train()(x) - made.eval()(x)
    assert float(added.std()) == pytest.approx(0.1, rel=0.1)
    torch.testing.assert_close(made.eval()(x), made.eval()(x), rtol=0, atol=0)
    quiet = fitted()
    torch.testing.assert_close(quiet.train()(x), quiet.eval()(x), rtol=0, atol=0)


def test_what_it_learnt_travels_with_its_tensors() -> None:
    other = Standardised(4)
    other.load_state_dict(fitted().state_dict())
    x = torch.from_numpy(values())
    torch.testing.assert_close(other.eval()(x), fitted().eval()(x), rtol=0, atol=0)
    assert bool(other.known)


def scales_of(model: LayeredModel) -> dict[str, Tensor]:
    found = {name: layer[0] for name, layer in model.layers.items() if isinstance(layer, nn.Sequential)}
    return {name: one.mean.clone() for name, one in found.items() if isinstance(one, Standardised)}


def features(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"rhythm": (40,), "shape": (55,)}
    return {name: (rng.normal(size=(50, *shape)) + seed).astype(np.float32) for name, shape in shapes.items()}


def test_scales_are_learnt_once() -> None:
    model, first = context(), features(3)
    learn_scales(model, first)
    learnt = scales_of(model)
    assert set(learnt) == {"rhythm1", "shape1"}
    for name, mean in learnt.items():
        np.testing.assert_allclose(mean, first[name[:-1]].mean(axis=0), atol=1e-5)
    learn_scales(model, features(9))  # weights that go on training keep what they know
    for name, mean in scales_of(model).items():
        assert torch.equal(mean, learnt[name])


def test_scales_of_inputs_that_are_not_there_are_left_alone() -> None:
    model = context()
    learn_scales(model, {"rhythm": features(3)["rhythm"]})
    learnt = scales_of(model)
    assert bool(learnt["rhythm1"].any())
    assert not learnt["shape1"].any()


def test_scales_deeper_in_a_model_are_left_alone() -> None:
    layers = {"a": nn.Linear(4, 4), "b": Standardised(4), "head": nn.Linear(4, 2)}
    model = LayeredModel(layers, inputs={"a_input": (4,)}, n_classes=2)
    learn_scales(model, {"a_input": values(), "a": values()})
    assert isinstance(model.layers["b"], Standardised)
    plain = LayeredModel({"b": Standardised(4), "head": nn.Linear(4, 2)}, inputs={"x": (4,)}, n_classes=2)
    learn_scales(plain, {"x": values()})
    assert bool(plain.layers["b"].known)  # alone, without a Sequential around it


def joined(**settings: object) -> Joined:
    """Gives what it takes, if that is positive."""
    made = Joined(5, 5, 0.0, **settings)  # type: ignore[arg-type]
    linear = made.inner[0]
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        linear.weight.copy_(torch.eye(5))
        linear.bias.zero_()
    return made


PARTS = (torch.rand(4000, 3) + 0.5, torch.rand(4000, 2) + 0.5)


def test_values_are_joined_in_order() -> None:
    made = joined().train()
    torch.testing.assert_close(made(*PARTS), torch.cat(PARTS, dim=1))


def test_a_norm_forgets_how_large_the_values_are() -> None:
    made = joined(norm=True).eval()
    torch.testing.assert_close(made(*(100 * part for part in PARTS)), made(*PARTS), rtol=0.05, atol=0.05)
    assert not torch.allclose(joined()(*(100 * part for part in PARTS)), joined()(*PARTS))


def test_a_whole_value_is_dropped_in_training_alone() -> None:
    made = joined(whole={1: 0.3})
    torch.testing.assert_close(made.eval()(*PARTS), torch.cat(PARTS, dim=1))
    torch.manual_seed(0)
    out = made.train()(*PARTS)
    torch.testing.assert_close(out[:, :3], PARTS[0])
    gone = out[:, 3:] == 0
    assert torch.equal(gone[:, 0], gone[:, 1])  # all of it or nothing
    assert float(gone[:, 0].float().mean()) == pytest.approx(0.3, abs=0.03)
    torch.testing.assert_close(out[:, 3:][~gone], PARTS[1][~gone])  # what stays is as it was


def test_a_window_goes_without_it_in_all_of_its_beats() -> None:
    made = joined(whole={0: 0.5}).train()
    out = made(torch.ones(300, 6, 3), torch.ones(300, 6, 2))
    gone = (out[..., :3] == 0).flatten(1)
    assert torch.equal(gone.all(dim=1), gone.any(dim=1))
    assert 0.3 < float(gone[:, 0].float().mean()) < 0.7


def test_signals_are_stacked_as_channels() -> None:
    made = Stacked(nn.Conv1d(3, 4, 5), nn.ReLU())
    one, other = torch.rand(6, 1, 20), torch.rand(6, 2, 20)
    torch.testing.assert_close(made(one, other), made.inner(torch.cat([one, other], dim=1)))
    assert made(one, other).shape == (6, 4, 16)


@pytest.mark.parametrize("dilation", [1, 4])
def test_neighbours_see_so_far_and_nothing_that_is_masked(dilation: int) -> None:
    torch.manual_seed(0)
    made, x, mask = Neighbours(3, dilation, 0.5).eval(), torch.randn(1, 21, 3), torch.ones(1, 21, dtype=torch.bool)
    usual = made(x, mask)
    other = x.clone()
    other[0, 10] += 1
    differs = (made(other, mask) - usual).abs().amax(dim=2)[0] > 1e-6
    assert differs.nonzero().flatten().tolist() == [10 - dilation, 10, 10 + dilation]
    mask[0, 10] = False
    torch.testing.assert_close(made(other, mask), made(x, mask))
    assert not made(x, mask)[0, 10].equal(usual[0, 10])
