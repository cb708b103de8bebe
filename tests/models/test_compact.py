"""The small network for beats of the Kaggle form: where a beat ends, what it is told, and what it sees."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from ecg.checks import BadSettingError
from ecg.errors import EcgError
from ecg.export.onnx_model import OPSET, WithProbabilities
from ecg.models import LayeredModel, compact
from ecg.models.compact import AIDS, MIDDLE, SCALE, STEM_KERNEL, Residual, Stem, Summed, _aids, extent
from ecg.models.faster import faster


def filled_up(lengths: list[int], *, leads: int = 1, samples: int = 187) -> Tensor:
    """Beats of these lengths, all above 0, and zeros behind them."""
    x = 0.05 + 0.9 * torch.rand(len(lengths), leads, samples, generator=torch.Generator().manual_seed(0))
    return x * (torch.arange(samples) < torch.tensor(lengths)[:, None, None])


def made(leads: int = 1, samples: int = 187, **more: Any) -> LayeredModel:
    torch.manual_seed(1)
    return compact(input_shape=(leads, samples), **more)


def used(model: LayeredModel) -> LayeredModel:
    """In eval mode, with BatchNorm statistics that are not those of fresh weights."""
    leads, samples = model.inputs["signal"]
    model.train()(filled_up([samples, samples // 2, samples // 3, 40], leads=leads, samples=samples))
    return model.eval()


# where a beat ends


@pytest.mark.parametrize("leads", [1, 3])
def test_a_beat_is_as_long_as_the_zeros_behind_it_leave_it(leads: int) -> None:
    lengths = [187, 186, 108, 1]
    there, length = extent(filled_up(lengths, leads=leads))
    assert (there.shape, length.shape) == ((4, 1, 187), (4, 1))
    assert length[:, 0].tolist() == lengths
    for one, n in zip(there[:, 0], lengths, strict=True):
        assert one.tolist() == [1.0] * n + [0.0] * (187 - n)


def test_zeros_inside_a_beat_belong_to_it() -> None:
    x = filled_up([100])
    x[:, :, :7], x[:, :, 40:60] = 0, 0
    there, length = extent(x)
    assert float(length) == 100
    assert float(there.sum()) == 100
    assert there[0, 0, :100].all()


def test_a_beat_of_several_leads_ends_with_the_last_of_them() -> None:
    x = torch.cat([filled_up([30, 90]), filled_up([60, 20])], dim=1)
    assert extent(x)[1][:, 0].tolist() == [60, 90]


def test_samples_below_zero_belong_to_a_beat() -> None:
    x = torch.zeros(1, 1, 187)
    x[0, 0, 70] = -0.2
    assert float(extent(x)[1]) == 71


@pytest.mark.parametrize("leads", [1, 2])
def test_a_beat_of_zeros_alone_has_one_sample_and_finite_logits(leads: int) -> None:
    x = torch.cat([torch.zeros(1, leads, 187), filled_up([120], leads=leads)])
    assert extent(x)[1][:, 0].tolist() == [1, 120]
    assert torch.isfinite(used(made(leads))(x)).all()


# what the network is told of a place


def aids(lengths: list[int], leads: int = 1) -> tuple[Tensor, Tensor]:
    """What is known of each second place, and the signal as the convolution sees it."""
    x = filled_up(lengths, leads=leads)
    there, length = extent(x)
    scaled = (x - MIDDLE) * SCALE * there
    return _aids(scaled, there, length), scaled


def test_aids_say_where_the_beat_is_and_how_long() -> None:
    found, _ = aids([108, 54])
    assert found.shape == (2, AIDS, 94)
    usual, half = found
    assert usual[0].tolist() == [1.0] * 54 + [0.0] * 40  # places 0 to 106
    assert half[0].tolist() == [1.0] * 27 + [0.0] * 67
    place = torch.arange(0, 187, 2)
    torch.testing.assert_close(usual[1], place / 108)
    torch.testing.assert_close(half[1], place / 54)
    assert usual[2].tolist() == [0.0] * 94  # a beat of the usual length
    torch.testing.assert_close(half[2], torch.full((94,), 2.5 * float(np.log(0.5))))


def test_aids_say_where_the_next_r_peak_is_due() -> None:
    found, _ = aids([108])
    bump, away = found[0, 3], found[0, 4]
    at = 45  # place 90, as rows are 1.2 RR intervals long
    assert int(bump.argmax()) == at
    assert float(bump[at]) == pytest.approx(1, abs=1e-6)
    assert float(bump[at + 3]) == pytest.approx(float(np.exp(-0.5)), rel=1e-5)  # six samples on, its deviation
    assert float(bump[at - 3]) == pytest.approx(float(bump[at + 3]), rel=1e-4)
    assert float(away[at]) == pytest.approx(0, abs=1e-6)
    assert float(away[at + 10]) == pytest.approx(0.5, abs=1e-6)
    assert float(away[0]) == -1  # 90 samples off, told as 40
    assert float(away[-1]) == 1


def test_aids_say_the_place_in_the_window_and_the_signal_there() -> None:
    found, scaled = aids([187, 90], leads=2)
    whole = torch.arange(0, 187, 2) / 187
    for beat, signal in zip(found, scaled, strict=True):
        torch.testing.assert_close(beat[5], whole)
        torch.testing.assert_close(beat[6], signal.mean(dim=0)[::2] * whole)
        assert beat[7].tolist() == [1.0] * 94


def test_the_stem_adds_what_it_makes_of_the_aids_to_the_convolution() -> None:
    stem, x = Stem(1, 4).eval(), filled_up([187, 90])
    found, scaled = aids([187, 90])
    before = nn.functional.conv1d(nn.functional.pad(scaled, (11, 12)), stem.conv.weight, stride=2)
    before = before + nn.functional.conv1d(found, stem.aids.weight)
    torch.testing.assert_close(stem(x), stem.after(before))


# what counts


def test_the_convolution_sees_a_scaled_beat_and_nothing_behind_it() -> None:
    model, x, seen = made().eval(), filled_up([187, 120, 60]), list[Tensor]()
    stem = model.layers["stem"]
    assert isinstance(stem, Stem)
    stem.conv.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model(x)
    left = STEM_KERNEL // 2 - 1
    own = seen[0][:, :, left : left + 187]
    for one, beat, n in zip(own, x, (187, 120, 60), strict=True):
        torch.testing.assert_close(one[:, :n], (beat[:, :n] - 0.35) * 4)
        assert not one[:, n:].any()


def test_zeros_behind_a_beat_have_no_say_and_every_sample_before_them_has() -> None:
    model, lengths = used(made()), [187, 120, 61]
    x = filled_up(lengths).requires_grad_()
    model(x)[:, 1].sum().backward()
    assert x.grad is not None
    for gradient, n in zip(x.grad[:, 0], lengths, strict=True):
        assert gradient[:n].all()
        assert not gradient[n:].any()


def test_how_far_a_beat_goes_on_makes_a_difference() -> None:
    model, x = used(made()), filled_up([100])
    longer = x.clone()
    longer[..., 139] = 1e-7  # too small to matter but for the length
    assert float((model(longer) - model(x)).detach().abs().max()) > 1e-3


def test_the_last_features_are_the_mean_the_highest_of_each_third_the_length_and_the_level() -> None:
    summed, x = Summed(2, 3, 0.0).eval(), torch.randn(2, 2, 12, generator=torch.Generator().manual_seed(3))
    beat, seen = filled_up([187, 54], leads=2), list[Tensor]()
    summed.inner.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    summed(x, beat)
    for got, one, whole, n in zip(seen[0], x, beat, (187, 54), strict=True):
        thirds = [one[:, a : a + 4].max(dim=1).values for a in (0, 4, 8)]
        log = float(np.log(n / 108))
        level = whole[:, :n].mean()
        own = torch.tensor([log, log**2, float(n == 187), float(level)])
        torch.testing.assert_close(got, torch.cat([one.mean(dim=1), *thirds, own]))


def test_a_block_is_its_skip_and_the_worth_of_each_channel_times_two_convolutions() -> None:
    torch.manual_seed(2)
    block, x = Residual(3, 8).eval(), torch.randn(2, 3, 20)
    inner = block.inner(x)
    worth = block.worth(inner.mean(dim=2))
    assert worth.shape == (2, 8)
    assert ((worth > 0) & (worth < 1)).all()
    torch.testing.assert_close(block(x), (inner * worth[..., None] + block.skip(x)).relu())


# as a model


def test_dropout_is_in_training_only_and_can_be_set() -> None:
    model, x = made(dropout=0.5), filled_up([150, 100, 90])
    for name in ("stem", "block1", "block2", "block3"):
        model.layers[name].eval()  # BatchNorm apart, training differs by dropout alone
    assert not torch.equal(model(x), model(x))
    assert torch.equal(model.eval()(x), model(x))
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.5]


@pytest.mark.parametrize(("leads", "samples"), [(1, 48), (2, 250), (12, 187), (1, 601)])
def test_other_leads_and_lengths_give_logits_that_depend_on_every_lead(leads: int, samples: int) -> None:
    model = used(made(leads, samples))
    x = filled_up([samples, 40], leads=leads, samples=samples).requires_grad_()
    logits = model(x)
    assert logits.shape == (2, 5)
    assert torch.isfinite(logits).all()
    logits[:, 0].sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum(dim=2).all()


@pytest.mark.parametrize("samples", [187, 250])
def test_the_gradient_of_a_training_step_reaches_every_parameter(samples: int) -> None:
    model = made(2, samples, dropout=0.0)
    x = filled_up([samples, 120, 108, 90, 60, 45], leads=2, samples=samples)
    loss: Any = nn.functional.cross_entropy(model(x), torch.tensor([0, 1, 2, 3, 4, 0]))
    loss.backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden": 0}, r"^hidden=0: must be from 1 to 4096"),
        ({"dropout": 1}, r"^dropout=1: must be from 0 to 1 \(not included\)"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettingError, match=said):
        made(**settings)


def test_beats_that_are_too_short_are_refused_in_a_line() -> None:
    with pytest.raises(EcgError, match=r"^model=compact needs beats of 48 samples or more, these have 47$"):
        made(samples=47)


def test_hidden_is_the_width_before_the_head() -> None:
    head = made(hidden=17).head
    assert isinstance(head, nn.Linear)
    assert (head.in_features, head.out_features) == (17, 5)


def test_an_onnx_file_finds_the_end_of_a_beat_as_torch_does() -> None:
    """The beats of tests/export fill their windows."""
    model, written = used(made(2)), io.BytesIO()
    whole = WithProbabilities(faster(model), {"signal": np.zeros((2, 2, 187), dtype=np.float32)}).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            whole, (filled_up([187, 90], leads=2),), written,  # type: ignore[arg-type]
            dynamo=False, input_names=["signal"], dynamic_axes={"signal": {0: "batch"}}, opset_version=OPSET,
        )  # fmt: skip
    x = torch.cat([filled_up([150, 108, 61, 2, 187], leads=2), torch.zeros(1, 2, 187)])
    probability, logits = onnxruntime.InferenceSession(written.getvalue()).run(None, {"signal": x.numpy()})
    with torch.inference_mode():
        expected = model(x)
    np.testing.assert_allclose(logits, expected.numpy(), atol=1e-4)
    np.testing.assert_allclose(probability, expected.softmax(dim=1).numpy(), atol=1e-5)
