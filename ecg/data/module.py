"""The LightningDataModule that all datasets share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from ecg.beats.cuts import Cut
from ecg.beats.grouping import evenly_spaced
from ecg.beats.splits import Split
from ecg.beats.table import Beats
from ecg.data.batches import AT_ONCE, Batch, BatchOrder, FirstBatches, batches
from ecg.data.info import DataInfo, left_out_line
from ecg.data.sources import Prepared, Source

log = logging.getLogger(__name__)

SplitRule = Callable[[Beats], Split]


class BeatData(pl.LightningDataModule):
    """Beats of one source and cut, divided by one rule, as batches of (x, y).

    x has shape [batch, channel, sample], float32; y has shape [batch], class numbers. After `setup`, `beats`, `split`
    and `info` are there. A dataset is a subclass that says what the task is.

    Attributes:
        dataset: the task's name.
        classes: class names by number.
        patient_label: whether the label is the patient's, not the beat's.
        augment_by_default: whether `augment.when=auto` changes training beats.
        with_baselines: whether every run also scores the majority class and the nearest neighbour.
        databases_of: whose hearts each source of recorded hearts holds; no patient is known to be in two databases.

    Args:
        source: where the beats come from.
        cut: the rule that makes a beat's samples.
        split_rule: divides the beats.
        cache: folder for prepared beats.
        batch_size: beats per batch, per process.
        seed: of the order of training batches.
        beats_per_patient: beats kept of each patient, evenly spaced; None: all.
        synthetic_seed: of simulated patients, who depend on it and their own number only.
    """

    dataset: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    patient_label: ClassVar[bool] = False
    augment_by_default: ClassVar[bool] = True
    with_baselines: ClassVar[bool] = False
    databases_of: ClassVar[Mapping[str, frozenset[str]]] = {}
    beats: Beats
    inputs: npt.NDArray[np.float32]  # what batches are made of: the beats, or what frozen layers make of them
    at_once: int = AT_ONCE  # beats of a batch where nothing is learned, or more if a training batch has more
    split: Split
    info: DataInfo
    cached: bool

    def __init__(
        self,
        *,
        source: Source,
        cut: Cut,
        split_rule: SplitRule,
        cache: Path,
        batch_size: int = 256,
        seed: int = 0,
        beats_per_patient: int | None = None,
        synthetic_seed: int = 0,
    ) -> None:
        super().__init__()
        self.source, self.cut = source, cut
        self.split_rule, self.cache, self.batch_size, self.seed = split_rule, cache, batch_size, seed
        self.beats_per_patient, self.synthetic_seed = beats_per_patient, synthetic_seed
        self._prepared: Prepared | None = None

    def prepare_data(self) -> None:
        """Download, simulate or read what is missing, once and on one process; the beats end up in the cache."""
        if self._prepared is None:
            self._prepared = self.source.prepare(self.cut, self.cache)

    def setup(self, stage: str | None = None) -> None:
        """Load the beats and divide them; a second call changes nothing."""
        if hasattr(self, "info"):
            return
        prepared = self._prepared or self.source.prepare(self.cut, self.cache)
        self.beats, self.cached = prepared.beats, prepared.cached
        facts = dict(prepared.facts)
        if self.beats_per_patient is not None:
            self.beats = prepared.beats.take(evenly_spaced(prepared.beats.patient, self.beats_per_patient))
            over = len(prepared.beats) - len(self.beats)
            facts |= {"beats": len(self.beats), "beats_over_the_limit_per_patient": over}
        self.inputs = self.beats.x
        self.split = self.split_rule(self.beats)
        self.info = self._describe(prepared, facts)
        log.info("%s", left_out_line(facts))

    @property
    def databases(self) -> frozenset[str]:
        """Whose hearts these are."""
        if self.source.simulated:
            return frozenset({f"simulated {self.dataset}, seed {self.synthetic_seed}"})
        return self.databases_of.get(self.source.name, frozenset({f"{self.dataset}, {self.source.name}"}))

    def batches(self, side: str, *, shuffle: bool = False) -> DataLoader[Batch]:
        """The batches of one side, `train`, `val` or `test`; evaluation uses larger ones.

        Processes that share a training get a part each.
        """
        index = self.split.sides[side]
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        size = self.batch_size if shuffle else max(self.batch_size, self.at_once)
        overfit = bool(self.trainer and getattr(self.trainer, "overfit_batches", 0))
        kind, shuffle = (FirstBatches, False) if overfit else (BatchOrder, shuffle)
        order = kind(len(index), size, shuffle=shuffle, seed=self.seed, rank=rank, world_size=world_size)
        return batches(torch.from_numpy(self.inputs[index]), torch.from_numpy(self.beats.y[index]), order)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled training batches."""
        return self.batches("train", shuffle=True)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Validation batches, in order."""
        return self.batches("val")

    def test_dataloader(self) -> DataLoader[Batch]:
        """Test batches, in order."""
        return self.batches("test")

    def predict_dataloader(self) -> DataLoader[Batch]:
        """Test batches, in order: row i is beat `split.test[i]` of `beats`."""
        return self.batches("test")

    def _describe(self, prepared: Prepared, facts: dict[str, object]) -> DataInfo:
        counts = {
            side: {name: int((self.beats.y[index] == c).sum()) for c, name in enumerate(self.classes)}
            for side, index in self.split.sides.items()
        }
        _, channels, samples = self.beats.x.shape
        return DataInfo(
            dataset=self.dataset,
            classes=self.classes,
            source=self.source.name,
            simulated=self.source.simulated,
            cut=self.cut.name,
            fs=self.cut.fs,
            shape=(channels, samples),
            leads=tuple(sorted({str(lead) for lead in self.beats.lead})),
            split=self.split.name,
            notes=(*prepared.notes, *self.split.notes),
            fingerprint=prepared.fingerprint,
            counts=counts,
            facts=facts,
            patient_label=self.patient_label,
        )
