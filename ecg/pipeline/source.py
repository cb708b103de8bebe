"""The source of a transfer, named or trained by the same settings, and a model with what it takes over from it."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from ecg.atomic import whole_file
from ecg.config import RunConfig
from ecg.config.build import build
from ecg.config.compose import compose
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.recordings.checksum import sha256
from ecg.runs.folder import RunFolder, write_json
from ecg.runs.job import Job
from ecg.runs.reading import read_yaml
from ecg.runs.run import load_run
from ecg.runs.weights import describe_weights, load_weights, weights_file
from ecg.training.augment import Augment
from ecg.training.trainer import limit_of
from ecg.transfer import RANDOM, Start, Transfer, prepare_start

log = logging.getLogger(__name__)

Train = Callable[[RunConfig, Job], float]
SHARED = ("segmentation", "scaling")
"""Settings of a dataset that its source's have too; where the recordings are simulated, `synthetic` beside them."""

LIMITS = ("fast_dev_run", "limit_train_batches", "limit_val_batches", "limit_test_batches", "overfit_batches")


def resolve_source(config: RunConfig, transfer: Transfer, job: Job, train: Train) -> Path | None:
    """The weights file that layers are taken from; None where there is no transfer, or its control.

    A resumed job takes the one it began with, and all jobs of a sweep take the same one.

    Args:
        config: of the run.
        transfer: of the run.
        job: its folder and sweep.
        train: trains a run, for where there is no source yet.

    Raises:
        EcgError: the source that is named does not exist.
    """
    if transfer.trainable_layers is None or transfer.source == RANDOM:
        return None
    if transfer.source is not None:
        return weights_file(Path(transfer.source))
    began = RunFolder(job.folder).transfer
    if job.resume and began.is_file():
        origin = load_run(job.folder).origin
        assert origin is not None
        return weights_file(Path(origin["source"]))
    if config.dataset_name == "arrhythmia":
        raise EcgError(
            "transfer.trainable_layers with dataset=arrhythmia needs transfer.source=: a run folder or a weights file"
        )
    if job.sweep is None:
        return _found_or_trained(config, transfer, train)
    note = job.sweep / "source.txt"
    with FileLock(job.sweep / ".source.lock"):
        if not note.is_file():
            path = _found_or_trained(config, transfer, train)
            with whole_file(note) as temporary:
                temporary.write_text(f"{path.resolve()}\n", encoding="utf-8")
        return weights_file(Path(note.read_text(encoding="utf-8").strip()))


def _found_or_trained(config: RunConfig, transfer: Transfer, train: Train) -> Path:
    """The run that these settings have below `output_dir`, or one trained in its `sources` while parallel jobs wait.

    Raises:
        EcgError: its beats would be of another shape.
    """
    wanted = source_config(config, transfer)
    new = config.data()
    if new.whole:
        raise EcgError(
            f"transfer.trainable_layers: there is no arrhythmia run of dataset.segmentation={new.segmentation.name}, "
            "whose rows are whole recordings, to take layers from; name a run by transfer.source=, or leave it out"
        )
    theirs = wanted.data()
    if dict(new.shapes) != dict(theirs.shapes):
        raise EcgError(
            f"dataset.leads=[{', '.join(new.leads)}]: the arrhythmia run that would be the source has beats of "
            f"{len(theirs.leads)} lead, these have {len(new.leads)}; choose one lead, or name a run by transfer.source="
        )
    mark, outputs = _mark(wanted.as_dict()), Path(config.output_dir)
    home = outputs / "sources"
    home.mkdir(parents=True, exist_ok=True)
    folder = RunFolder(home / f"{wanted.name}-{mark}")
    with FileLock(home / ".lock"):
        found = next((one for one in (folder, *_runs_below(outputs)) if _is(one, mark)), None)
        if found is None:
            _train(wanted, folder, train)
    log.info("source: %s", (found or folder).weights)
    return (found or folder).weights


def _runs_below(outputs: Path) -> Iterator[RunFolder]:
    for pattern in ("*", "multirun/*/*"):
        yield from (RunFolder(path.parent) for path in sorted(outputs.glob(f"{pattern}/weights.safetensors")))


def _is(folder: RunFolder, mark: str) -> bool:
    """Whether a folder holds the finished run of these settings."""
    if not (folder.metrics.is_file() and folder.weights.is_file()):
        return False
    stored = read_yaml(folder.config)
    return isinstance(stored, dict) and stored.get("resume") is None and _mark(stored) == mark


def _train(wanted: RunConfig, folder: RunFolder, train: Train) -> None:
    resume = folder.config.is_file()
    log.warning(
        "the source that these settings ask for is not there: %s it in %s (%s epochs); other runs with the same "
        "settings will use it. transfer.source= names another run",
        "going on with" if resume else "training",
        folder.path,
        wanted.trainer.get("max_epochs"),
    )
    train(load_run(folder.path).config if resume else wanted, Job(folder.path, resume=resume))


def source_config(config: RunConfig, transfer: Transfer) -> RunConfig:
    """The arrhythmia run with this model and segmentation, on one device of the same kind; all else as conf/ has it.

    Where the run's epochs are limited to some batches, which gives no results, so are those of its source.
    """
    usual = compose("dataset=arrhythmia")
    simulated = config.dataset.get("source") == "synthetic"
    keys = (*SHARED, "synthetic") if simulated else SHARED
    shared = {key: config.dataset[key] for key in keys if key in config.dataset}
    dataset = {**usual.dataset, **shared, "source": "synthetic" if simulated else "physionet"}
    limited = limit_of(config.trainer) is not None
    keys = ("accelerator", "precision", *(LIMITS if limited else ()))
    same: dict[str, Any] = {key: config.trainer[key] for key in keys if key in config.trainer}
    epochs = config.trainer.get("max_epochs") if limited else None
    return replace(
        usual,
        dataset=dataset,
        model=config.model,
        trainer={**usual.trainer, **same, "max_epochs": epochs or transfer.source_epochs},
        logger=config.logger,
        threads=config.threads,
        data_dir=config.data_dir,
        cache_dir=config.cache_dir,
        output_dir=config.output_dir,
        bootstrap=config.bootstrap,
    )


def _mark(config: Mapping[str, Any]) -> str:
    """A digest of what a run's weights depend on: data, model and training."""
    parts = ("dataset", "model", "loss", "optimizer", "scheduler", "augment", "trainer", "callbacks", "monitor", "seed")
    said = {part: config.get(part) for part in (*parts, "transfer")}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:8]


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
