"""The LightningDataModule that all datasets share."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from ecg.beats.grouping import evenly_spaced
from ecg.beats.peaks import Index
from ecg.beats.segmentations import Segmentation, WholeRecordings
from ecg.beats.splits import Split
from ecg.beats.table import Beats, Inputs, Shapes, shapes_of
from ecg.checks import BadSettingError
from ecg.data.batches import (
    AT_ONCE,
    NOT_COUNTED,
    Batch,
    BatchOrder,
    BeatTensors,
    DrawnSequences,
    FirstBatches,
    FirstSequences,
    SequenceOrder,
    SequenceTensors,
    as_tensors,
    batches,
)
from ecg.data.drawing import DrawnBeats, DrawnOrder, Draws
from ecg.data.info import DataInfo, describe, left_out_line
from ecg.data.leads_apart import apart, check_apart
from ecg.data.mixture import Mixture, for_training
from ecg.data.people import Person
from ecg.data.sequences import Draw, Runs
from ecg.data.serving import Sees, check_inputs
from ecg.data.settings import SplitRule
from ecg.data.sources import Prepared, Source
from ecg.errors import EcgError

log = logging.getLogger(__name__)


class BeatData(pl.LightningDataModule):
    """Beats of one source and segmentation, divided by one rule, as batches of (inputs, y).

    Inputs are by name, shape [batch, ...], float32; y has shape [batch], class numbers. To a model that sees K
    consecutive beats of a record, inputs are served as [batch, K, ...] with a `mask`, and y as [batch, K], -1 where a
    beat does not count; each beat of a subset counts once. After `setup`, `beats`, `split` and `info` are there. A
    dataset is a subclass that says what the task is.

    Attributes:
        dataset: the task's name.
        classes: class names by number.
        patient_label: whether the label is the patient's, not the beat's.
        augment_by_default: whether `augment.when=auto` changes training beats.
        rare_classes: numbers of those on which a mixture places windows.
        with_baselines: whether every run also scores the majority class and the nearest neighbour.

    Args:
        source: where the beats come from.
        segmentation: the rule that makes a beat's inputs.
        leads: by name, see `ecg.recordings.leads`; None: those of the segmentation.
        split_rule: divides the beats.
        cache: folder for prepared beats.
        batch_size: beats per batch, per process.
        seed: of the order of training batches.
        beats_per_patient: beats kept of each patient, evenly spaced; None: all.
        synthetic_seed: of simulated patients, who depend on it and their own number only.
        mixture: what training windows of consecutive beats are drawn from, and how often.
        leads_apart: whether each lead of a beat is a beat of its own, of the same record and patient.
    """

    dataset: ClassVar[str]
    classes: tuple[str, ...]
    patient_label: ClassVar[bool] = False
    augment_by_default: ClassVar[bool] = True
    rare_classes: ClassVar[tuple[int, ...]] = ()
    with_baselines: ClassVar[bool] = False
    beats: Beats
    inputs: Inputs  # what batches are made of: the beats', or what frozen layers make of them
    names: Sequence[str] | None = None  # of the inputs that are served; None: all
    sequence: tuple[int, int] | None = None  # consecutive beats of a window, and those at each end that are context
    draws: Draws | None = None  # what training batches of single beats are drawn by; None: all come once
    at_once: int = AT_ONCE  # beats of a batch where nothing is learned, or more if a training batch has more
    split: Split
    info: DataInfo
    cached: bool

    def __init__(
        self,
        *,
        source: Source,
        segmentation: Segmentation,
        leads: Sequence[str] | None = None,
        split_rule: SplitRule,
        cache: Path,
        batch_size: int = 256,
        seed: int = 0,
        beats_per_patient: int | None = None,
        synthetic_seed: int = 0,
        mixture: Mixture = Mixture(),  # noqa: B008 (frozen)
        leads_apart: bool = False,
    ) -> None:
        super().__init__()
        self.source, self.segmentation = source, segmentation
        if leads is not None and not leads:
            raise BadSettingError(f"leads=[]: name one or more, e.g. [{', '.join(segmentation.leads[:3])}]")
        self.leads = tuple(leads or segmentation.leads)
        if len(set(self.leads)) < len(self.leads):
            raise BadSettingError(f"leads=[{', '.join(self.leads)}]: names one twice")
        if isinstance(segmentation, WholeRecordings) and not self.patient_label:
            raise BadSettingError(
                f"segmentation={segmentation.name}: gives one row for a whole recording, and the labels of dataset="
                f"{self.dataset} are its beats'; choose dataset=mi, or another segmentation"
            )
        self.split_rule, self.cache, self.batch_size, self.seed = split_rule, cache, batch_size, seed
        self.beats_per_patient, self.synthetic_seed, self.mixture = beats_per_patient, synthetic_seed, mixture
        self.leads_apart = leads_apart
        if leads_apart:
            check_apart(segmentation, self.leads)
        self.people: Mapping[str, Person] = {}
        self.refused: Mapping[str, str] = {}
        self.beside: Mapping[str, Beats] = {}
        self._prepared: Prepared | None = None
        self._own: int | None = None  # beats of the databases; those that a mixture added come behind
        self._thinned: tuple[Beats, Index] | None = None  # all beats, and the positions of those that are kept

    def prepare_data(self) -> None:
        """Download, simulate or read what is missing, once and on one process; the beats end up in the cache."""
        if self._prepared is None:
            self._prepared = self.source.prepare(self.segmentation, self.leads, self.cache)

    def at_hand(self) -> bool:
        """Whether nothing must be downloaded."""
        return self.source.at_hand()

    def fingerprint(self) -> str:
        """SHA-256 over the source's files."""
        return self.source.prepare(self.segmentation, self.leads, self.cache).fingerprint

    def setup(self, stage: str | None = None) -> None:
        """Load the beats and divide them; a second call changes nothing."""
        if hasattr(self, "info"):
            return
        prepared = self._prepared or self.source.prepare(self.segmentation, self.leads, self.cache)
        self.beats, self.cached, self.people = prepared.beats, prepared.cached, prepared.people
        self.refused = prepared.refused
        facts = dict(prepared.facts)
        if self.beats_per_patient is not None:
            kept = evenly_spaced(prepared.beats.patient, self.beats_per_patient)
            self.beats, self._thinned = prepared.beats.take(kept), (prepared.beats, kept)
            over = len(prepared.beats) - len(self.beats)
            facts |= {"beats": len(self.beats), "beats_over_the_limit_per_patient": over}
        self.beats = self._each(self.beats)
        self.beside = {name: self._each(self._few(beats)) for name, beats in prepared.beside.items()}
        self.inputs = self.beats.inputs
        self.split = self.split_rule(self.beats)
        self.info = describe(self, prepared, facts)
        if prepared.extra is not None:
            self._add(prepared.extra)
        log.info("%s", left_out_line(facts))

    @property
    def whole(self) -> bool:
        """Whether a row is a whole recording, not a beat."""
        return isinstance(self.segmentation, WholeRecordings)

    def measured(self) -> Beats | None:
        """What `dataset.segmentation=record` gives of every recording, also of those beside; None where it cannot."""
        return None

    def _few(self, beats: Beats) -> Beats:
        if self.beats_per_patient is None:
            return beats
        return beats.take(evenly_spaced(beats.patient, self.beats_per_patient))

    def _each(self, beats: Beats) -> Beats:
        return apart(beats, self.segmentation, self.leads) if self.leads_apart else beats

    def _add(self, extra: Beats) -> None:
        """Put beats of training patients, or of people in no subset, behind all others, to train."""
        if not self.split.by_patient:
            raise EcgError(
                f"dataset.mixture adds beats of training patients, and dataset.split={self.split.name} tests them too; "
                "choose dataset.split=patients or folds"
            )
        self._own = len(self.beats)
        extra = for_training(extra, self.beats, self.split.train)
        added = len(self.beats) + np.flatnonzero(extra.y >= 0)
        self.beats = Beats.concatenate([self.beats, extra])
        self.inputs = self.beats.inputs
        self.split = replace(self.split, train=np.concatenate([self.split.train, added]))
        counts = {name: int((extra.database == name).sum()) for name in np.unique(extra.database).tolist()}
        self.info = replace(self.info, facts={**self.info.facts, "beats_added_to_training": counts})

    @property
    def divided(self) -> tuple[Split, Beats]:
        """The split and the beats without those that a mixture added."""
        if self._own is None:
            return self.split, self.beats
        own = np.arange(self._own)
        return replace(self.split, train=self.split.train[self.split.train < self._own]), self.beats.take(own)

    def taken(self, subset: str, names: Iterable[str] | None = None) -> Inputs:
        """The inputs of the beats of one subset, by name; None: all that are served."""
        wanted = (self.names or self.inputs) if names is None else names
        return {name: self.inputs[name][self.split.subsets[subset]] for name in wanted}

    @property
    def shapes(self) -> Shapes:
        """The shape of each input of one beat; known before anything is read."""
        return self.segmentation.shapes(1 if self.leads_apart else len(self.leads))

    @property
    def databases(self) -> frozenset[str]:
        """Whose hearts these are; no patient is known to be in two databases."""
        if self.source.simulated:
            return frozenset({f"simulated {self.dataset}, seed {self.synthetic_seed}"})
        return frozenset(self.source.databases)

    def serve(self, model: Sees) -> None:
        """Have batches hold what `model` takes, as many consecutive beats at once as it sees.

        Raises:
            EcgError: the model takes an input that this data has not, or one of another shape; or it sees consecutive
                beats, and the source does not tell their order.
        """
        check_inputs(model, shapes_of(self.inputs), self.segmentation.name)
        if model.beats > 1 and (self.beats.sample < 0).any():
            raise EcgError(
                f"the model sees {model.beats} consecutive beats of a record, but dataset.source={self.source.name} "
                "does not tell their order; choose dataset.source=physionet"
            )
        if model.beats > 1 and self.leads_apart:
            raise EcgError(
                f"the model sees {model.beats} consecutive beats of a record; choose dataset.leads_apart=false"
            )
        if model.beats > 1 and self._thinned is not None:  # those that are not kept are seen, and do not count
            self.beats, kept = self._thinned
            self.inputs, self._thinned = self.beats.inputs, None
            now = self.split
            self.split = replace(now, train=kept[now.train], val=kept[now.val], test=kept[now.test])
        self.names = tuple(model.inputs)
        self.sequence = (model.beats, model.context) if model.beats > 1 else None

    def batches(self, subset: str, *, shuffle: bool = False) -> DataLoader[Batch]:
        """The batches of one subset, `train`, `val` or `test`; evaluation uses larger ones.

        Processes that share a training get a part each.
        """
        index = self.split.subsets[subset]
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        size = self.batch_size if shuffle else max(self.batch_size, self.at_once)
        overfit = bool(self.trainer and getattr(self.trainer, "overfit_batches", 0))
        shuffle = shuffle and not overfit
        share = {"seed": self.seed, "rank": rank, "world_size": world_size}
        names = self.inputs if self.names is None else self.names
        y = torch.from_numpy(self.beats.y)
        if self.sequence is None:
            kind = FirstBatches if overfit else BatchOrder
            whole, rows = as_tensors(self.inputs, names), torch.from_numpy(index)
            if shuffle and self.draws is not None:
                return batches(DrawnBeats(whole, y[rows], rows, self.draws), DrawnOrder(self.draws, size, **share))
            return batches(BeatTensors(whole, y[rows], rows), kind(len(index), size, shuffle=shuffle, **share))
        beats, context = self.sequence
        counted = torch.zeros(len(y), dtype=torch.bool)
        counted[index] = True
        runs = Runs.of(self.beats.record, counted.numpy())
        windows = max(size // beats, 1)
        if shuffle and self.mixture.active:
            weight = self.mixture.weights(self.beats.database[runs.start])
            rare = np.sort(index[np.isin(self.beats.y[index], self.rare_classes)])
            draw = Draw(weight, rare, self.mixture.rare, self.mixture.windows)
            order: SequenceOrder = DrawnSequences(runs, beats, context, windows, draw, **share)
        else:
            several = FirstSequences if overfit else SequenceOrder
            order = several(runs, beats, context, windows, shuffle=shuffle, **share)
        return batches(SequenceTensors(as_tensors(self.inputs, names), torch.where(counted, y, NOT_COUNTED)), order)

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
        """Test batches, in order: the i-th beat that counts is beat `split.test[i]` of `beats`.

        Consecutive beats come in the table's order, so there it is beat `np.sort(split.test)[i]`.
        """
        return self.batches("test")
