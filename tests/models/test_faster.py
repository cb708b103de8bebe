"""A model that was made faster gives what the plain one gives, whatever settings its modules have."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from ecg.models import MODELS
from ecg.models import faster as module
from ecg.models.faster import faster

Layout = Callable[[Tensor], Tensor]
quick = settings(deadline=None, max_examples=60)
one_to = {n: st.integers(1, n) for n in (3, 4, 6)}
LAYOUTS: dict[str, Layout] = {
    "samples together": lambda x: x,
    "channels together": lambda x: x.transpose(-1, -2).contiguous().transpose(-1, -2),
    "a part of something larger": lambda x: torch.cat([x, x], dim=-1)[..., : x.shape[-1]],
    "every second beat": lambda x: torch.stack([x, -x], dim=1)[:, 0] if x.dim() > 2 else x,
}
layouts = st.sampled_from(sorted(LAYOUTS))


def passed(used: nn.Module, x: Tensor) -> list[Tensor]:
    """Output, gradient of the input and of each parameter, and buffers afterwards."""
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    out = used(x)
    torch.manual_seed(1)
    (out * torch.randn(out.shape)).sum().backward()
    assert x.grad is not None
    return [out, x.grad, *(p.grad for p in used.parameters() if p.grad is not None), *used.buffers()]


def same(plain: nn.Module, x: Tensor, layout: str = "samples together", *, train: bool = True) -> None:
    """A module and its faster form give the same, with gradients and without."""
    plain.train(train)
    quicker = faster(copy.deepcopy(plain))
    assert type(quicker) is not type(plain)
    assert type(quicker).__module__ == module.__name__
    x = LAYOUTS[layout](x)
    for theirs, ours in zip(passed(plain, x), passed(quicker, x), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    with torch.inference_mode():
        torch.testing.assert_close(quicker(x), plain(x), rtol=1e-4, atol=1e-5)


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[nn.Conv1d, int, int]:
    """A convolution with any settings, its channels, and so many samples that it gives one or more."""
    groups, kernel, dilation = draw(one_to[3]), draw(one_to[6]), draw(one_to[3])
    channels, out = groups * draw(one_to[3]), groups * draw(one_to[3])
    samples, reach = draw(st.integers(1, 24)), dilation * (kernel - 1)
    mode = draw(st.sampled_from(["zeros", "reflect", "replicate", "circular"]))
    padding: Any = draw(st.one_of(st.integers(0, 5), st.sampled_from(["same", "valid"])))
    added = {"same": reach, "valid": 0}.get(padding, padding if isinstance(padding, int) else 0)
    assume(mode == "zeros" or added < samples)
    assume(samples + (added if padding == "same" else 2 * added) > reach)
    stride = 1 if padding == "same" else draw(one_to[4])
    more: dict[str, Any] = {"groups": groups, "bias": draw(st.booleans()), "padding_mode": mode}
    return nn.Conv1d(channels, out, kernel, stride, padding, dilation, **more), channels, samples


@quick
@given(made=convolutions(), layout=layouts, beats=one_to[4], train=st.booleans())
def test_any_convolution(made: tuple[nn.Conv1d, int, int], layout: str, beats: int, train: bool) -> None:
    plain, channels, samples = made
    same(plain, torch.randn(beats, channels, samples), layout, train=train)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_channel_and_one_beat_in_every_layout(channels: int, layout: str) -> None:
    for beats in (1, 5):
        same(nn.Conv1d(channels, 4, 3), torch.randn(beats, channels, 17), layout)


@quick
@given(
    kernel=one_to[6], stride=st.one_of(st.none(), one_to[4]), half=st.booleans(), dilation=one_to[3],
    ceil=st.booleans(), samples=st.integers(1, 24), layout=layouts,
)  # fmt: skip
def test_any_largest(
    kernel: int, stride: int | None, half: bool, dilation: int, ceil: bool, samples: int, layout: str
) -> None:
    padding = kernel // 2 if half else 0
    assume(samples + 2 * padding > dilation * (kernel - 1))
    same(nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil), torch.randn(3, 4, samples), layout)


def test_padding_beyond_the_kernels_reach_ends_no_process() -> None:
    """PyTorch's convolution in two dimensions ends it for these, where the channels lie together."""
    words = "import torch; from ecg.models.faster import faster; conv = torch.nn.Conv1d(6, 4, 1, 4, 5, 3, 2);"
    words += "faster(conv)(torch.zeros(1, 2, 6).transpose(1, 2))"
    assert subprocess.run([sys.executable, "-c", words], check=False).returncode == 0


def test_the_largest_values_tell_where_they_are_when_asked() -> None:
    plain = nn.MaxPool1d(3, return_indices=True)
    x = torch.randn(2, 4, 11)
    for theirs, ours in zip(plain(x), faster(copy.deepcopy(plain))(x), strict=True):
        assert torch.equal(ours, theirs)


@quick
@given(
    kernel=one_to[6], stride=st.one_of(st.none(), one_to[4]), half=st.booleans(), inside=st.booleans(),
    ceil=st.booleans(), samples=st.integers(1, 24), layout=layouts,
)  # fmt: skip
def test_any_mean(
    kernel: int, stride: int | None, half: bool, inside: bool, ceil: bool, samples: int, layout: str
) -> None:
    padding = kernel // 2 if half else 0
    assume(samples + 2 * padding >= kernel)
    same(nn.AvgPool1d(kernel, stride, padding, ceil, inside), torch.randn(3, 4, samples), layout)


@quick
@given(
    affine=st.booleans(), track=st.booleans(), momentum=st.sampled_from([None, 0.1, 0.9]),
    eps=st.sampled_from([1e-5, 0.1]), flat=st.booleans(), train=st.booleans(), layout=layouts,
)  # fmt: skip
def test_any_norm_also_of_beats_without_a_time_axis(
    affine: bool, track: bool, momentum: float | None, eps: float, flat: bool, train: bool, layout: str
) -> None:
    plain = nn.BatchNorm1d(6, eps, momentum, affine, track)
    for tensor in plain.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 2)
    same(plain, torch.randn(5, 6) if flat else torch.randn(5, 6, 17), layout, train=train)


@pytest.mark.parametrize(
    "plain", [nn.Conv1d(4, 2, 3, padding=1), nn.MaxPool1d(3, padding=1), nn.AvgPool1d(3, padding=1)], ids=str
)
def test_one_beat_without_a_batch(plain: nn.Module) -> None:
    same(plain, torch.randn(4, 11))


@pytest.mark.parametrize("shape", [(7,), (5, 6, 3, 4), (5, 4), (5, 4, 9)])
@pytest.mark.parametrize(
    "plain", [nn.BatchNorm1d(6), nn.Conv1d(6, 2, 3), nn.MaxPool1d(3), nn.AvgPool1d(3), nn.Dropout(0.5)], ids=str
)
def test_what_pytorch_refuses_is_refused(plain: nn.Module, shape: tuple[int, ...]) -> None:
    x, refused = torch.randn(shape), []
    for used in (plain, faster(copy.deepcopy(plain))):
        try:
            used(x)
            refused.append(None)
        except (RuntimeError, ValueError) as error:
            refused.append(type(error))
    assert refused[0] == refused[1]


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.MaxPool1d, nn.AvgPool1d, nn.Conv1d])
def test_an_empty_batch_and_another_type_of_numbers(kind: type[nn.Module]) -> None:
    plain = (kind(4, 2, 3) if kind is nn.Conv1d else kind(4)).eval().double()
    quicker = faster(copy.deepcopy(plain))
    for beats in (0, 3):
        x = torch.randn(beats, 4, 9, dtype=torch.float64)
        torch.testing.assert_close(quicker(x), plain(x))


def test_channels_stay_together_from_layer_to_layer() -> None:
    chain = faster(nn.Sequential(nn.Conv1d(1, 6, 3), nn.BatchNorm1d(6), nn.MaxPool1d(3), nn.Conv1d(6, 4, 3)))
    x = torch.randn(3, 1, 20)
    for layer in chain:
        x = layer(x)
        assert x.stride(1) == 1, layer


# --------------------------------------------------------------------------------------------------------- whole models


@pytest.mark.parametrize("name", MODELS)
def test_a_whole_model_learns_as_it_would_have(name: str) -> None:
    torch.manual_seed(0)
    plain = MODELS[name](n_classes=3).double()
    for part in plain.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0  # other random numbers are drawn
    quicker = faster(copy.deepcopy(plain))
    lead = (2, plain.beats) if plain.beats > 1 else (6,)
    x = {name: torch.randn(*lead, *shape, dtype=torch.float64) for name, shape in plain.inputs.items()}
    found = []
    for model in (plain, quicker):
        torch.manual_seed(1)  # of noise, and of what a window goes without
        out = model.train()(x)
        torch.nn.functional.cross_entropy(out.flatten(0, -2), torch.arange(out[..., 0].numel()) % 3).backward()
        with torch.inference_mode():
            after = model.eval()(x)
        found.append([out, after, *(p.grad for p in model.parameters()), *model.buffers()])
    for theirs, ours in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", MODELS)
def test_tensors_keep_their_names_and_places_and_the_model_its_description(name: str) -> None:
    model = MODELS[name](n_classes=3)
    before, said = {key: value.data_ptr() for key, value in model.state_dict().items()}, str(model)
    learning = {key: id(value) for key, value in model.named_parameters()}
    assert faster(model) is model
    assert {key: value.data_ptr() for key, value in model.state_dict().items()} == before
    assert list(model.state_dict()) == list(before)
    assert {key: id(value) for key, value in model.named_parameters()} == learning
    assert str(model) == said
    assert {type(part) for part in model.modules()} == {
        type(part) for part in faster(model).modules()
    }  # once is enough
    assert not {type(part) for part in model.modules()} & set(module._FASTER)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_and_pickles_are_as_fast_and_give_the_same(copied: Callable[[nn.Module], nn.Module]) -> None:
    torch.manual_seed(0)
    model = faster(MODELS["cnn"](n_classes=3)).eval()
    again = copied(model)
    assert [type(part) for part in again.modules()] == [type(part) for part in model.modules()]
    x = torch.rand(3, 1, 187)
    assert torch.equal(again(x), model(x))
    assert all(a is not b for a, b in zip(again.parameters(), model.parameters(), strict=True))


class Doubled(nn.Conv1d):
    """A convolution of somebody's own."""

    def forward(self, input: Tensor) -> Tensor:
        return 2 * super().forward(input)


def test_modules_of_ones_own_keep_what_they_do() -> None:
    own, normed = Doubled(2, 3, 3), nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 3, 3))
    x = torch.randn(4, 2, 9)
    for plain in (own, normed):
        quicker = faster(copy.deepcopy(plain))
        assert type(quicker).__mro__[:2] == type(plain).__mro__[:2]
        assert torch.equal(quicker(x), plain(x))


def test_hooks_stay_and_parameters_can_be_replaced_afterwards() -> None:
    plain, seen = nn.Conv1d(2, 3, 3), []
    plain.register_forward_hook(lambda *_: seen.append(1))
    quicker = faster(plain)
    x = torch.randn(4, 2, 9)
    first = quicker(x)
    nn.utils.parametrizations.weight_norm(quicker)
    torch.testing.assert_close(quicker(x), first)
    assert len(seen) == 2


# -------------------------------------------------------------------------------------------------------------- dropout


def dropout(p: float, inplace: bool = False) -> nn.Module:
    return faster(nn.Dropout(p, inplace))


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_a_share_of_p_is_dropped_and_the_rest_scaled(p: float) -> None:
    torch.manual_seed(0)
    out = dropout(p)(torch.ones(1000, 1003))
    assert (out == 0).float().mean().item() == pytest.approx(p, abs=2e-3)
    torch.testing.assert_close(out[out != 0], torch.full_like(out[out != 0], 1 / (1 - p)))
    by_column = (out == 0).float().mean(dim=0)  # every place of the 64 bits, and no two beats alike
    assert (by_column - p).abs().max() < 0.08
    assert len({tuple(row[:64].tolist()) for row in out[:50]}) == 50 or p == 0.9


def test_the_gradient_passes_where_the_value_did() -> None:
    x = torch.randn(64, 33, requires_grad=True)
    out = dropout(0.3)(x)
    out.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(out == 0, 0.0, 1 / 0.7))


def test_the_seed_decides() -> None:
    x, drop = torch.ones(7, 5), dropout(0.4)
    torch.manual_seed(3)
    first = drop(x)
    torch.manual_seed(3)
    assert torch.equal(drop(x), first)
    assert not torch.equal(drop(x), first)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_all_or_nothing_is_pytorchs(p: float) -> None:
    torch.testing.assert_close(dropout(p)(torch.ones(4, 4)), nn.Dropout(p)(torch.ones(4, 4)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_values_is_dropped_from(layout: str) -> None:
    torch.manual_seed(0)
    x = LAYOUTS[layout](torch.randn(40, 6, 50))
    out = dropout(0.3)(x)
    kept = out != 0
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.02)
    torch.testing.assert_close(out[kept], x[kept] / 0.7)


def test_in_place_is_in_place() -> None:
    x = torch.ones(100, 10)
    assert dropout(0.4, inplace=True)(x) is x
    assert (x == 0).any()
    y = torch.ones(100, 10)
    dropout(0.4)(y)
    assert (y == 1).all()


def test_eval_mode_and_types_stay_as_they_are() -> None:
    x = torch.randn(3, 4)
    assert dropout(0.5).eval()(x) is x
    half = dropout(0.5)(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert dropout(0.5)(torch.zeros(0, 4)).shape == (0, 4)
