"""A model with what it takes over from its source, and a note of that for the run folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ecg.config import RunConfig
from ecg.data.module import BeatData
from ecg.models import LayeredModel
from ecg.training.folder import RunFolder, write_json
from ecg.training.weights import describe_weights, load_weights
from ecg.transfer import Start, prepare_start


def augmented(config: RunConfig) -> bool:
    """What `trainer.augment.when=auto` means for this run."""
    return config.dataset.augment_by_default and config.transfer.trainable_layers is None


def prepared(
    config: RunConfig, model: LayeredModel, data: BeatData, source: Path | None, sweep: Sequence[int] = ()
) -> Start:
    """The model ready to be fitted: as it is without transfer, else with source layers, frozen but for the last k.

    `sweep` holds the k of all jobs that share features with this one.

    Raises:
        EcgError: the source is damaged, or does not fit.
    """
    if config.transfer.trainable_layers is None:
        return Start(model, model, data, facts={"transfer/trainable_layers": None, "transfer/layers": len(model.names)})
    weights = load_weights(source) if source else None
    start = prepare_start(
        model,
        data,
        weights,
        config.transfer.build(),
        name=config.model.name,
        cache=config.cache,
        augmented=config.trainer.augment.build(auto=augmented(config)).active,
        sweep=sweep,
    )
    start.facts["transfer/probe_first"] = config.transfer.probe_first
    return start


def write_origin(source: Path, start: Start, folder: RunFolder) -> None:
    """Write transfer.json: the source's path, checksum, data and quality, and what was taken from it."""
    said = describe_weights(source)
    with source.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    described = {
        "source": str(source.resolve()),
        "sha256": digest,
        "trained_on": said.info.title,
        "training": dict(said.training),
        **start.facts,
    }
    write_json(folder.transfer, described)
