"""A model with what it takes over from its source, and a note of that for the run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ecg.config import RunConfig
from ecg.config.build import build
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.recordings.checksum import sha256
from ecg.runs.folder import RunFolder, write_json
from ecg.runs.weights import describe_weights, load_weights
from ecg.training.augment import Augment
from ecg.transfer import Start, Transfer, prepare_start


def augment_of(config: RunConfig, data: BeatData, transfer: Transfer) -> Augment:
    """How training beats are changed: `auto` is for data that asks for it, and never in transfer."""
    augment: Augment = build(config.augment, "augment")
    return augment.resolved(auto=data.augment_by_default and transfer.trainable_layers is None)


def prepared(
    config: RunConfig,
    transfer: Transfer,
    model: LayeredModel,
    data: BeatData,
    source: Path | None,
    sweep: Sequence[int] = (),
) -> Start:
    """The model ready to be fitted: as it is without transfer, else with source layers, frozen but for the last k.

    `sweep` holds the k of all jobs that share features with this one.

    Raises:
        EcgError: the source is damaged, or does not fit.
    """
    if transfer.trainable_layers is None:
        return Start(model, model, data, facts={"transfer/trainable_layers": None, "transfer/layers": len(model.names)})
    start = prepare_start(
        model,
        data,
        load_weights(source) if source else None,
        transfer,
        name=config.model_name,
        cache=data.cache,
        augmented=augment_of(config, data, transfer).active,
        sweep=sweep,
    )
    start.facts["transfer/probe_first"] = transfer.probe_first
    return start


def write_origin(source: Path, start: Start, folder: RunFolder) -> None:
    """Write transfer.json: the source's path, checksum, data and quality, and what was taken from it."""
    said = describe_weights(source)
    described = {
        "source": str(source.resolve()),
        "sha256": sha256(source),
        "trained_on": said.info.title,
        "training": dict(said.training),
        **start.facts,
    }
    write_json(folder.transfer, described)
