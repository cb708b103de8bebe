"""Batches of consecutive beats: every beat of a subset once, in its record's order, with a mask and no label beyond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.data import DataLoader, DistributedSampler, SequentialSampler

from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data import ArrhythmiaDataModule, BeatData
from ecg.data.batches import SequenceOrder, SequenceTensors, batches, seen
from ecg.data.sequences import Runs
from ecg.data.settings import Simulated
from ecg.models import LayeredModel, sequence

quick = settings(deadline=None, max_examples=60)
lengths = st.lists(st.integers(1, 50), min_size=1, max_size=6)
InMemory = Callable[..., BeatData]
INPUTS = {"signal": (1, 3), "rhythm": (2,)}


def order_of(lengths: Sequence[int], beats: int, context: int, batch: int, **more: Any) -> SequenceOrder:
    runs = Runs.of(np.repeat([f"r{i}" for i in range(len(lengths))], lengths))
    return SequenceOrder(runs, beats, context, batch, **{"shuffle": False, "seed": 1, **more})


def counting(order: SequenceOrder) -> list[list[int]]:
    """The beats that count in each batch."""
    return [rows[counted == 1].tolist() for rows, counted in order]


def flat(order: SequenceOrder) -> list[int]:
    return [beat for batch in counting(order) for beat in batch]


def windows(order: SequenceOrder) -> set[tuple[int, ...]]:
    return {tuple(window.tolist()) for rows, _ in order for window in rows}


# -------------------------------------------------------------------------------------------------------------- order


@quick
@given(lengths=lengths, beats=st.integers(2, 20), batch=st.integers(1, 9), seed=st.integers(0, 99))
def test_evaluation_counts_every_beat_once_in_the_tables_order(
    lengths: list[int], beats: int, batch: int, seed: int
) -> None:
    order = order_of(lengths, beats, (beats - 1) // 2, batch, seed=seed)
    assert flat(order) == list(range(sum(lengths)))
    assert len(list(order)) == len(order)
    assert all(index.shape[0] == 2 and index.shape[2] == beats for index in order)


@quick
@given(lengths=lengths, beats=st.integers(2, 20), seed=st.integers(0, 99), epoch=st.integers(0, 5))
def test_training_counts_every_beat_once_in_windows_that_are_shuffled_as_wholes(
    lengths: list[int], beats: int, seed: int, epoch: int
) -> None:
    order = order_of(lengths, beats, 0, 1, shuffle=True, seed=seed)
    order.set_epoch(epoch)
    assert sorted(flat(order)) == list(range(sum(lengths)))
    assert len(list(order)) == len(order)
    for rows, counted in order:
        assert torch.equal(counted.bool(), rows >= 0)  # no context in training
        there = rows[rows >= 0]
        assert torch.all(there.diff() == 1)


def test_each_epoch_has_other_windows_in_another_order_and_the_same_epoch_the_same() -> None:
    def epoch(number: int, seed: int = 1) -> list[list[int]]:
        torch.manual_seed(torch.seed())
        order = order_of([60, 45], 8, 2, 2, shuffle=True, seed=seed)
        order.set_epoch(number)
        return counting(order)

    assert epoch(3) == epoch(3)
    assert epoch(3) != epoch(4)
    assert epoch(3) != epoch(3, seed=2)
    order = order_of([60, 45], 8, 2, 2, shuffle=True)
    seen_windows = []
    for number in range(4):
        order.set_epoch(number)
        seen_windows.append(windows(order))
        assert len(order) == len(list(order)) == 7
    assert all(seen_windows[0] != other for other in seen_windows[1:])  # not only their order
    still = order_of([60, 45], 8, 2, 2)
    before = counting(still)
    still.set_epoch(4)
    assert counting(still) == before  # evaluation is always the same


def test_going_through_an_epoch_twice_gives_the_same_batches() -> None:
    order = order_of([60, 45], 8, 2, 2, shuffle=True)
    assert counting(order) == counting(order)


@quick
@given(lengths=lengths, beats=st.integers(2, 20), batch=st.integers(1, 5), world=st.integers(1, 4))
def test_processes_that_evaluate_count_every_beat_once_together(
    lengths: list[int], beats: int, batch: int, world: int
) -> None:
    context = (beats - 1) // 2
    orders = [order_of(lengths, beats, context, batch, rank=rank, world_size=world) for rank in range(world)]
    assert sorted(beat for order in orders for beat in flat(order)) == list(range(sum(lengths)))


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_processes_share_the_windows_of_an_epoch_in_equal_parts(epoch: int) -> None:
    orders = [order_of([60, 45, 15], 8, 2, 4, shuffle=True, rank=rank, world_size=2) for rank in (0, 1)]
    for order in orders:
        order.set_epoch(epoch)
    assert [len(order) for order in orders] == [2, 2]
    shown = [beat for order in orders for beat in flat(order)]
    assert orders[0].n == 16  # windows: as many as there are places in two batches of four of two processes
    assert sorted(shown) == list(range(120))
    assert not set(flat(orders[0])) & set(flat(orders[1]))


def test_lightning_neither_shuffles_nor_shards_windows_again() -> None:
    order = order_of([60, 45], 8, 2, 2, shuffle=True)
    loader = batches(SequenceTensors({"signal": torch.zeros(105, 1, 3)}, torch.zeros(105, dtype=torch.int64)), order)
    assert type(loader) is DataLoader
    assert loader.sampler is order
    assert isinstance(order, DistributedSampler)
    assert not isinstance(order, SequentialSampler)


# ------------------------------------------------------------------------------------------------------------ tensors


def test_a_batch_holds_the_inputs_of_its_beats_zeros_beyond_and_labels_only_of_those_that_count() -> None:
    x, more, y = torch.arange(1.0, 7).view(6, 1, 1), torch.arange(1.0, 13).view(6, 2), torch.tensor([2, 0, 1, 1, 0, 2])
    data = SequenceTensors({"signal": x, "rhythm": more}, y)
    rows = torch.tensor([[-1, 0, 1, 2], [3, 4, -1, -1]])
    counted = torch.tensor([[0, 0, 1, 1], [1, 0, 0, 0]])
    inputs, labels = data[torch.stack([rows, counted])]
    assert list(inputs) == ["signal", "rhythm", "mask"]
    assert inputs["signal"].shape == (2, 4, 1, 1)
    assert inputs["signal"].flatten(1).tolist() == [[0, 1, 2, 3], [4, 5, 0, 0]]
    assert inputs["rhythm"].tolist() == [[[0, 0], [1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [0, 0], [0, 0]]]
    assert inputs["mask"].dtype == torch.bool
    assert torch.equal(inputs["mask"], rows >= 0)
    assert labels.tolist() == [[-1, -1, 0, 1], [1, -1, -1, -1]]
    alone = seen({"signal": x}, rows)
    assert torch.equal(alone["signal"], inputs["signal"])
    assert x.flatten().tolist() == [1, 2, 3, 4, 5, 6]


# -------------------------------------------------------------------------------------------------------- data modules


def model(beats: int = 7, context: int = 2) -> Any:
    """What a data module must know of a model."""
    return SimpleNamespace(inputs=INPUTS, beats=beats, context=context)


def decoded(loader: DataLoader[Any]) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Positions in the table, labels and mask of each window of a loader."""
    found = []
    for inputs, y in loader:
        position = inputs["signal"][..., 0, 0].long() - 1
        assert torch.equal(inputs["rhythm"][..., 1].long(), -1 - position)  # the inputs of one place are of one beat
        assert torch.equal(inputs["mask"], position >= 0)
        found += list(zip(position, y, inputs["mask"], strict=True))
    return found


@pytest.mark.parametrize("subset", ["train", "val", "test"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_each_beat_of_a_subset_counts_once_with_its_own_label(in_memory: InMemory, subset: str, shuffle: bool) -> None:
    data = in_memory([40, 9, 1, 77])
    data.batch_size = 7  # a window each
    data.serve(model())
    counted: list[int] = []
    for position, y, mask in decoded(data.batches(subset, shuffle=shuffle)):
        own = y >= 0
        assert not (own & ~mask).any()
        assert y[own].tolist() == data.beats.y[position[own].numpy()].tolist()
        counted += position[own].tolist()
        there = position[mask].numpy()
        assert np.all(np.diff(there) == 1)
        assert len(set(data.beats.record[there].tolist())) <= 1
    index = data.split.subsets[subset].tolist()
    assert sorted(counted) == index
    assert shuffle or counted == index


def test_a_subset_in_any_order_is_counted_in_the_tables(in_memory: InMemory) -> None:
    """The published split has an order of its own."""
    data = in_memory([9, 12], rule=lambda table: Split("own", *[np.random.default_rng(0).permutation(len(table))] * 3))
    data.serve(model())
    counted = [int(beat) for position, y, _ in decoded(data.predict_dataloader()) for beat in position[y >= 0]]
    assert counted == np.sort(data.split.test).tolist() != data.split.test.tolist()


def test_beats_of_other_subsets_are_seen_and_do_not_count(in_memory: InMemory) -> None:
    data = in_memory([40, 77])
    data.serve(model())
    shown = {int(beat) for position, _, mask in decoded(data.test_dataloader()) for beat in position[mask]}
    assert shown == set(range(117))
    apart = in_memory(
        [40, 77, 30], rule=lambda table: Split("x", *(np.flatnonzero(table.record == f"r{i}") for i in range(3)))
    )
    apart.serve(model())
    shown = {int(beat) for position, _, mask in decoded(apart.test_dataloader()) for beat in position[mask]}
    assert shown == set(range(117, 147))  # of records without a beat that counts, nothing


def test_windows_follow_the_record_whatever_the_classes_are(in_memory: InMemory) -> None:
    """Nothing is sorted or grouped by class: other labels leave every window as it is."""
    everything = {"rule": lambda table: Split("all", *[np.arange(len(table))] * 3)}
    n, found = 117, []
    for y in (np.zeros(n, np.int64), np.arange(n) % 3, np.sort(np.arange(n) % 3)[::-1].copy()):
        data = in_memory([40, 77], y=y, **everything)
        data.serve(model(5, 1))
        trained, tested = decoded(data.train_dataloader()), decoded(data.test_dataloader())
        found.append([position.tolist() for position, _, _ in (*trained, *tested)])
        assert torch.cat([labels[labels >= 0] for _, labels, _ in tested]).tolist() == y.tolist()
        for position, labels, mask in trained:
            assert labels[mask].tolist() == y[position[mask].numpy()].tolist()
    assert found[0] == found[1] == found[2]
    assert all(np.all(np.diff([beat for beat in window if beat >= 0]) == 1) for window in found[0])


def test_only_what_the_model_takes_is_served(in_memory: InMemory) -> None:
    data = in_memory([40, 9])
    data.serve(SimpleNamespace(inputs={"rhythm": (2,)}, beats=7, context=2))
    inputs, _ = next(iter(data.train_dataloader()))
    assert list(inputs) == ["rhythm", "mask"]


@pytest.mark.parametrize(("batch_size", "train", "test"), [(16, 2, 36), (3, 1, 36), (700, 100, 100)])
def test_a_batch_holds_about_as_many_beats_as_it_would_alone(
    in_memory: InMemory, batch_size: int, train: int, test: int
) -> None:
    data = in_memory([40, 9])
    data.batch_size = batch_size
    data.serve(model())
    assert data.train_dataloader().sampler.batch_size == train
    assert data.test_dataloader().sampler.batch_size == test


def test_processes_count_every_beat_of_a_subset_once_together(in_memory: InMemory) -> None:
    counted = []
    for rank in (0, 1):
        data = in_memory([40, 9, 77])
        data.trainer = SimpleNamespace(global_rank=rank, world_size=2)  # type: ignore[assignment]
        data.serve(model())
        counted.append([int(b) for position, y, _ in decoded(data.test_dataloader()) for b in position[y >= 0]])
    assert sorted(counted[0] + counted[1]) == data.split.test.tolist()
    assert all(counted)


def test_overfitting_trains_on_the_first_windows_in_order(in_memory: InMemory) -> None:
    data = in_memory([40, 9])
    data.trainer = SimpleNamespace(global_rank=0, world_size=1, overfit_batches=1)  # type: ignore[assignment]
    data.serve(model())
    loader = data.train_dataloader()
    assert isinstance(loader.sampler, SequentialSampler)  # all that Lightning accepts there
    position, _, _ = decoded(loader)[0]
    assert position.tolist() == [-1, -1, 0, 1, 2, 3, 4]


def test_simulated_recordings_give_windows_in_the_order_of_time(tmp_path: Any) -> None:
    data = ArrhythmiaDataModule(
        "synthetic", "window", synthetic=Simulated(patients=6, minutes=0.5), cache_dir=tmp_path, batch_size=32
    )
    data.setup()
    small: LayeredModel = sequence(inputs=data.shapes, beats=16, context=4)
    data.serve(small)
    for name in ("train", "val", "test", "predict"):
        for inputs, y in getattr(data, f"{name}_dataloader")():
            assert inputs["signal"].shape[1:] == (16, *data.info.shape)
            assert small(inputs).shape == (*y.shape, 5)
    later = np.diff(data.beats.sample)[data.beats.record[1:] == data.beats.record[:-1]]
    assert later.min() > 0
    assert isinstance(data.beats, Beats)
