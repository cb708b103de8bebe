"""The story of a run on one page: source, data, model, fit, test, report."""

from __future__ import annotations

import logging
import time
from uuid import uuid4

import pytorch_lightning as pl
from lightning_fabric.utilities.rank_zero import rank_zero_only

from ecg.config import Job, RunConfig, compose
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.metrics.baselines import baseline_probabilities
from ecg.models import LayeredModel
from ecg.report.results import Results, score, write_split
from ecg.run.fitting import fit
from ecg.run.report import report_run
from ecg.run.source import resolve_source
from ecg.run.transferred import prepared, write_origin
from ecg.training.fit import check_devices
from ecg.training.folder import RunFolder, read_json, write_json
from ecg.training.inference import probabilities
from ecg.training.precision import choose_precision
from ecg.training.provenance import provenance
from ecg.training.tracking import TrackedRun, tracking

log = logging.getLogger(__name__)


def run(config: RunConfig, job: Job) -> float:
    """Train, test and report as `config` says.

    Returns:
        The best value of `trainer.monitor`.

    Raises:
        EcgError: something the user can put right.
    """
    began = time.perf_counter()
    folder = RunFolder(job.folder)
    _check(config, job, folder)
    source = resolve_source(config, job, run)
    data = _data(config)
    pl.seed_everything(config.seed, verbose=False)
    model = _new_model(config, data)
    start = prepared(config, model, data, source, job.layers)
    if not _main_process():  # it shares the training; the main process writes, tests and reports
        return fit(config, start, folder, logger=None).best
    folder.make()
    compose.save(config, folder.config)
    write_split(data.info, data.split, data.beats, folder)
    if source is not None:
        write_origin(source, start, folder)
    with tracking(_tracked(config, job, data, folder)) as tracker:
        history = fit(config, start, folder, tracker.logger)
        results = _test(config, data, model)
        seconds = time.perf_counter() - began
        report_run(config, results, history, data, start, folder, tracker, job_type=job_type(config), seconds=seconds)
    return history.best


def _test(config: RunConfig, data: BeatData, model: LayeredModel) -> Results:
    """Label the test beats with the best weights, and score them beside what any model must beat."""
    train, beats = data.beats.take(data.split.train), data.beats.take(data.split.test)
    labelled = probabilities(model.cpu(), beats.x, doing="testing")
    baselines = None
    if config.dataset.with_baselines:
        baselines = baseline_probabilities(train.x, train.y, beats.x, len(data.info.classes))
    return score(data.info, beats, labelled, replicates=config.bootstrap, seed=config.seed, baselines=baselines)


def job_type(config: RunConfig) -> str:
    """What kind of run it is, for W&B: pretrain (arrhythmia), transfer, or scratch."""
    if config.transfer.trainable_layers is not None:
        return "transfer"
    return "pretrain" if config.dataset.name == "arrhythmia" else "scratch"


def _check(config: RunConfig, job: Job, folder: RunFolder) -> None:
    """Refuse what cannot work before anything is downloaded or trained."""
    if job.sweep and config.trainer.devices > 1:
        raise EcgError(
            f"trainer.devices={config.trainer.devices}: a sweep (-m) trains on one device; "
            "start jobs of several devices one by one"
        )
    check_devices(config.trainer.fit_settings())
    if (k := config.transfer.trainable_layers) is not None:
        cut = config.dataset.build_cut()
        config.model.build(input_shape=(1, cut.length), n_classes=2).divide(k)
    if _main_process():
        folder.check(resume=job.resume)


def _new_model(config: RunConfig, data: BeatData) -> LayeredModel:
    return config.model.build(input_shape=data.info.shape, n_classes=len(data.info.classes))


def _main_process() -> bool:
    """Whether this is the first of the processes that share a training, or the only one."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def _data(config: RunConfig) -> BeatData:
    """The prepared and divided beats."""
    data = config.build_data()
    data.prepare_data()
    data.setup()
    sides = ", ".join(f"{sum(n.values()):,} {side}" for side, n in data.info.counts.items())
    log.info("%s: %s beats%s", data.info.title, sides, " (from the cache)" if data.cached else "")
    for note in data.info.notes:
        log.warning("%s", note)
    return data


def _tracked(config: RunConfig, job: Job, data: BeatData, folder: RunFolder) -> TrackedRun:
    """What W&B is told; where the run comes from is written once, and a resumed run keeps its W&B identity."""
    if not folder.provenance.exists():
        precision = choose_precision(config.trainer.precision, config.trainer.accelerator)
        facts = provenance(
            seed=config.seed, fingerprint=data.info.fingerprint, precision=precision, wandb_id=uuid4().hex[:12]
        )
        write_json(folder.provenance, facts)
    return TrackedRun(
        name=config.name,
        run_id=str(read_json(folder.provenance)["wandb_id"]),
        mode=config.tracking.mode,
        project=config.tracking.project,
        entity=config.tracking.entity,
        group=config.tracking.group or (job.sweep.name if job.sweep else None),
        tags=(*config.tracking.tags, *(["simulated"] if data.info.simulated else [])),
        job_type=job_type(config),
        config=compose.as_dict(config),
        folder=folder.path,
    )
