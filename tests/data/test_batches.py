"""Batches: every beat once per epoch, in an order that a resumed or shared run can repeat."""

from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, DistributedSampler

from ecg.data.batches import Batch, BatchOrder, BeatTensors, batches

pytestmark = pytest.mark.filterwarnings("ignore")
quick = settings(deadline=None, max_examples=60)
sizes = st.integers(1, 200)


def order_of(n: int) -> BatchOrder:
    return BatchOrder(n, 8, shuffle=True, seed=0)


def loaded(x: torch.Tensor, y: torch.Tensor, order: BatchOrder) -> DataLoader[Batch]:
    return batches(BeatTensors({"signal": x}, y), order)


def flat(order: BatchOrder) -> list[int]:
    return torch.cat(list(order)).tolist()


@quick
@given(n=sizes, batch=st.integers(1, 50), seed=st.integers(0, 2**31 - 1), epoch=st.integers(0, 100))
def test_an_epoch_shows_every_beat_once_but_for_an_incomplete_last_batch(
    n: int, batch: int, seed: int, epoch: int
) -> None:
    order = BatchOrder(n, batch, shuffle=True, seed=seed)
    order.set_epoch(epoch)
    seen = flat(order)
    assert len(set(seen)) == len(seen)
    assert len(seen) == (n if n < batch else n - n % batch)
    assert len(list(order)) == len(order)


@quick
@given(n=sizes, batch=st.integers(1, 50))
def test_evaluation_shows_every_beat_in_order(n: int, batch: int) -> None:
    order = BatchOrder(n, batch, shuffle=False, seed=0)
    assert flat(order) == list(range(n))
    assert len(list(order)) == len(order)


def test_the_order_depends_on_seed_and_epoch_and_nothing_else() -> None:
    def epoch(seed: int, number: int) -> list[int]:
        torch.manual_seed(torch.seed())
        order = BatchOrder(100, 10, shuffle=True, seed=seed)
        order.set_epoch(number)
        return flat(order)

    assert epoch(1, 3) == epoch(1, 3)
    assert epoch(1, 3) != epoch(1, 4)
    assert epoch(1, 3) != epoch(2, 3)
    assert epoch(0, 1) != epoch(1, 0)


def test_going_through_an_epoch_twice_gives_the_same_batches() -> None:
    order = BatchOrder(50, 8, shuffle=True, seed=0)
    assert flat(order) == flat(order)


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    loader = loaded(torch.rand(50, 1, 3, generator=torch.Generator()), torch.zeros(50), order_of(50))
    for _ in range(2):
        list(loader)
    assert torch.equal(torch.rand(1), wanted)


@quick
@given(n=st.integers(8, 200), world=st.integers(1, 4), batch=st.integers(1, 16), epoch=st.integers(0, 5))
def test_processes_share_an_epoch_in_equal_parts(n: int, world: int, batch: int, epoch: int) -> None:
    orders = [BatchOrder(n, batch, shuffle=True, seed=4, rank=r, world_size=world) for r in range(world)]
    for order in orders:
        order.set_epoch(epoch)
    shares = [list(order) for order in orders]
    assert len({len(share) for share in shares}) == 1
    assert len({tuple(len(i) for i in share) for share in shares}) == 1
    shown = [i for order in orders for i in flat(order)]
    assert len(shown) - len(set(shown)) < world  # only the padding to equal parts is shown twice
    assert len(set(shown)) >= n - world * batch - world


@quick
@given(n=sizes, world=st.integers(1, 5), batch=st.integers(1, 16))
def test_processes_that_evaluate_share_the_beats_and_none_comes_twice(n: int, world: int, batch: int) -> None:
    orders = [BatchOrder(n, batch, shuffle=False, seed=0, rank=r, world_size=world) for r in range(world)]
    shares = [torch.cat(list(order)).tolist() if len(order) else [] for order in orders]
    assert sorted(i for share in shares for i in share) == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert [len(list(order)) for order in orders] == [len(order) for order in orders]


def test_shares_of_an_evenly_divided_epoch_are_disjoint_and_complete() -> None:
    orders = [BatchOrder(96, 8, shuffle=True, seed=4, rank=r, world_size=3) for r in range(3)]
    assert sorted(i for order in orders for i in flat(order)) == list(range(96))


def test_a_batch_is_the_tensor_at_its_positions() -> None:
    x, y, more = torch.rand(30, 1, 5), torch.arange(30), torch.rand(30, 4)
    loader = batches(BeatTensors({"signal": x, "rhythm": more}, y), BatchOrder(30, 8, shuffle=True, seed=1))
    for (inputs, by), index in zip(loader, BatchOrder(30, 8, shuffle=True, seed=1), strict=True):
        assert torch.equal(by, index)
        assert list(inputs) == ["signal", "rhythm"]
        assert torch.equal(inputs["signal"], x[index])
        assert torch.equal(inputs["rhythm"], more[index])
    assert len(loader) == 3


class Counted(torch.Tensor):
    """Counts how often something is read out of it."""

    reads = 0

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        reads = func in (torch.Tensor.__getitem__, torch.Tensor.index_select)
        Counted.reads += reads
        out = super().__torch_function__(func, types, args, kwargs or {})
        return out.as_subclass(torch.Tensor) if reads else out


def test_a_batch_is_one_read_and_not_one_per_beat() -> None:
    x = torch.rand(64, 1, 5).as_subclass(Counted)
    Counted.reads = 0
    list(loaded(x, torch.zeros(64), BatchOrder(64, 16, shuffle=True, seed=0)))
    assert Counted.reads == 4


def test_the_loader_is_an_ordinary_one_that_lightning_neither_shuffles_nor_shards_again() -> None:
    order = BatchOrder(10, 2, shuffle=True, seed=0)
    loader = loaded(torch.zeros(10), torch.zeros(10), order)
    assert type(loader) is DataLoader
    assert loader.sampler is order
    assert isinstance(order, DistributedSampler)
    assert len(loader) == len(order) == 5


def test_lightning_sets_the_epoch_so_that_each_has_another_order() -> None:
    seen: list[list[int]] = []

    class Watch(pl.Callback):
        def on_train_batch_start(self, trainer: pl.Trainer, module: object, batch: Any, index: int) -> None:
            if index == 0:
                seen.append([])
            seen[-1] += batch[1].tolist()

    class Nothing(pl.LightningModule):
        def training_step(self, batch: Any, index: int) -> None:
            """Learns nothing."""

        def configure_optimizers(self) -> None:
            """Without optimizer."""

    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    for _ in range(2):  # several fits in one process begin alike
        trainer = pl.Trainer(accelerator="cpu", max_epochs=3, callbacks=[Watch()], enable_checkpointing=False, **quiet)
        trainer.fit(Nothing(), loaded(torch.zeros(24, 1, 3), torch.arange(24), order_of(24)))
    assert [sorted(epoch) for epoch in seen] == [list(range(24))] * 6
    assert seen[:3] == seen[3:]
    assert len({tuple(epoch) for epoch in seen}) == 3


@pytest.mark.parametrize("n", [1, 2, 7])
def test_fewer_beats_than_a_batch_still_make_one(n: int) -> None:
    assert [len(b) for b in BatchOrder(n, 8, shuffle=True, seed=0)] == [n]
