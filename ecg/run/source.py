"""The source of a transfer: the run that is named, the arrhythmia run there is, or one that is trained now."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock

from ecg.atomic import whole_file
from ecg.config import ArrhythmiaConfig, Job, RunConfig, TrainerConfig, TransferConfig, compose
from ecg.errors import EcgError
from ecg.training.folder import RunFolder, read_json
from ecg.training.weights import describe_weights, weights_file
from ecg.transfer import RANDOM

log = logging.getLogger(__name__)

Train = Callable[[RunConfig, Job], float]


def resolve_source(config: RunConfig, job: Job, train: Train) -> Path | None:
    """The weights file that layers are taken from; None where there is no transfer, or its control.

    A resumed job takes the one it began with, and all jobs of a sweep take the same one.

    Args:
        config: of the run.
        job: its folder and sweep.
        train: trains a run, for where there is no source yet.

    Raises:
        EcgError: the source that is named does not exist.
    """
    transfer = config.transfer
    if transfer.trainable_layers is None or transfer.source == RANDOM:
        return None
    if transfer.source is not None:
        return weights_file(Path(transfer.source))
    began = RunFolder(job.folder).transfer
    if job.resume and began.is_file():
        return weights_file(Path(read_json(began)["source"]))
    if config.dataset.name == "arrhythmia":
        raise EcgError(
            "transfer.trainable_layers with dataset=arrhythmia needs transfer.source=: a run folder or a weights file"
        )
    if job.sweep is None:
        return _found_or_trained(config, train)
    note = job.sweep / "source.txt"
    with FileLock(job.sweep / ".source.lock"):
        if not note.is_file():
            path = _found_or_trained(config, train)
            with whole_file(note) as temporary:
                temporary.write_text(f"{path}\n")
        return weights_file(Path(note.read_text().strip()))


def _found_or_trained(config: RunConfig, train: Train) -> Path:
    """The newest fitting run below `output_dir`, or one trained now while parallel jobs wait."""
    home = Path(config.output_dir) / "sources"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".lock"):
        found = _newest(config)
        if found is None:
            found = _trained(config, home, train)
    log.info("source: %s", found)
    return found


def _newest(config: RunConfig) -> Path | None:
    fitting = [path for path in _weights_below(Path(config.output_dir)) if _fits(path, config)]
    return max(fitting, key=lambda path: path.stat().st_mtime, default=None)


def _weights_below(outputs: Path) -> Iterator[Path]:
    for pattern in ("*", "sources/*", "multirun/*/*"):
        yield from outputs.glob(f"{pattern}/weights.safetensors")


def _fits(path: Path, config: RunConfig) -> bool:
    """Whether a file holds a whole arrhythmia run with this model and cut, simulated if and only if the data is."""
    try:
        stored = describe_weights(path)
    except EcgError:
        return False
    return (
        stored.info.dataset == "arrhythmia"
        and stored.settings["name"] == config.model.name
        and stored.cut == config.dataset.build_cut()
        and stored.info.simulated == (config.dataset.source == "synthetic")
        and stored.training.get("limit_batches") is None
        and stored.training.get("job_type") != "transfer"
    )


def _trained(config: RunConfig, home: Path, train: Train) -> Path:
    wanted = _source_config(config)
    mark = hashlib.sha256(repr(asdict(wanted.dataset)).encode()).hexdigest()[:8]
    folder = RunFolder(home / f"{wanted.name}-{mark}")
    resume = folder.config.exists() and not folder.metrics.exists()
    log.warning(
        "no arrhythmia run with model=%s and cut=%s below %s: %s one in %s (%d epochs); later runs will use it",
        config.model.name,
        config.dataset.cut,
        config.output_dir,
        "going on with" if resume else "training",
        folder.path,
        wanted.trainer.epochs,
    )
    train(compose.load(folder.config) if resume else wanted, Job(folder.path, resume=resume))
    return folder.weights


def _source_config(config: RunConfig) -> RunConfig:
    """The arrhythmia run with this model and cut, on one device of the same kind."""
    dataset = config.dataset
    simulated = dataset.source == "synthetic"
    return replace(
        config,
        dataset=ArrhythmiaConfig(
            source="synthetic" if simulated else "physionet",
            cut=dataset.cut,
            paper=dataset.paper,
            synthetic=dataset.synthetic,
        ),
        trainer=TrainerConfig(
            accelerator=config.trainer.accelerator,
            precision=config.trainer.precision,
            epochs=config.transfer.source_epochs,
        ),
        transfer=TransferConfig(),
        seed=0,
        resume=None,
    )
