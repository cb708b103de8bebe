"""The pipeline of a run on one page: source, data, model, fit, test, report."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import jinja2  # noqa: F401
import pytorch_lightning as pl
from lightning_fabric.utilities.rank_zero import rank_zero_only

from ecg.beats.table import Shapes
from ecg.checks import BadSettingError, one_of
from ecg.config import RunConfig
from ecg.config.build import build
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.metrics.baselines import baseline_probabilities
from ecg.metrics.classification import followed
from ecg.metrics.registry import Metric, also
from ecg.models import LayeredModel
from ecg.models.faster import faster
from ecg.models.layered import layered
from ecg.pipeline.diagnosis import diagnosis_table
from ecg.pipeline.facts import run_facts, threads_of
from ecg.pipeline.fitting import fit
from ecg.pipeline.report import report_run
from ecg.pipeline.rpeaks import check_rpeaks, finds_peaks, refuse_parts, run_rpeaks, share_rpeaks
from ecg.pipeline.source import augment_of, prepared, resolve_source, write_origin
from ecg.report.results import Results, labelled_ways, score, write_left_out, write_split
from ecg.runs.folder import RunFolder
from ecg.runs.job import Job
from ecg.runs.lock import running
from ecg.runs.reading import save_config
from ecg.runs.sweep import take_up
from ecg.training.easy_beats import FewerEasyBeats
from ecg.training.inference import probabilities
from ecg.training.labelling import Labelling
from ecg.training.loggers import opened
from ecg.training.pruning import pruning_of
from ecg.training.threads import choose_threads
from ecg.training.trainer import check_devices
from ecg.transfer import Transfer

# jinja2 is imported for the page at the end. Loading it empties Python's caches of checks against abstract classes, and
# after the first of several trainings that costs the next one 0.3 s.

log = logging.getLogger(__name__)


def run(config: RunConfig, job: Job) -> float:
    """Train, test and report as `config` says; a job of a sweep that is finished already is left as it is.

    Returns:
        The best value of `monitor`.

    Raises:
        EcgError: something the user can put right.
        RunningElsewhereError: another process runs this folder's run.
    """
    run_one, share = (run_rpeaks, share_rpeaks) if finds_peaks(config) else (_run, _share)
    with also(own_metrics(config)):
        return _whole(config, job, run_one, share)


def check(config: RunConfig, job: Job) -> None:
    """Build what can be built before any data is read.

    Raises:
        EcgError: something that the user can put right.
    """
    with also(own_metrics(config)):
        if finds_peaks(config):
            check_rpeaks(config, job)
        else:
            _checked(config, job)


def own_metrics(config: RunConfig) -> list[Metric]:
    """The metrics that the configuration adds.

    Raises:
        EcgError: what it names gives no metric.
    """
    made = {name: build(node, f"metrics.{name}") for name, node in config.metrics.items() if node}
    for name, one in made.items():
        if not isinstance(one, Metric):
            raise EcgError(f"metrics.{name}: gives no ecg.metrics.Metric")
    return list(made.values())


Work = Callable[[RunConfig, Job], float]


def _whole(config: RunConfig, job: Job, run_one: Work, share: Work) -> float:
    if not _main_process():  # it shares the training; the main process holds the folder, writes, tests and reports
        return share(config, job)
    with running(RunFolder(job.folder)):
        if job.sweep is not None:
            job, finished = take_up(config, job)
            if finished is not None:
                return finished
        return run_one(config, job)


def _run(config: RunConfig, job: Job) -> float:
    began = time.perf_counter()
    folder = RunFolder(job.folder)
    folder.check(resume=job.resume)
    transfer = _checked(config, job)
    threads = choose_threads(threads_of(config, folder))
    source = resolve_source(config, transfer, job, run)
    data = _data(config)
    start = prepared(config, transfer, _new_model(config, data), data, source, job.layers)
    folder.make()
    save_config(config, folder.config)
    write_split(data.info, *data.divided, folder)
    write_left_out(data.refused, folder)
    if source is not None:
        write_origin(source, start, folder)
    told: dict[str, Any] = {"fingerprint": data.info.fingerprint, "simulated": data.info.simulated, "threads": threads}
    facts = run_facts(config, job, folder, job_type=job_type(data, transfer), **told)
    with opened(config.logger, facts) as loggers:
        pruning = pruning_of(job, config.monitor)
        fitted = fit(config, transfer, start, folder, loggers.all, resume=job.resume, pruning=pruning)
        results = _test(config, data, start.model) if config.test else None
        seconds = time.perf_counter() - began + fitted.before_s
        report_run(config, results, fitted, data, start, folder, loggers, job_type=facts.job_type, seconds=seconds)
    return fitted.history.best


def _share(config: RunConfig, job: Job) -> float:
    """The part of a process that shares a training with the main one."""
    if config.threads is not None:
        choose_threads(config.threads)
    transfer = _checked(config, job)
    source = resolve_source(config, transfer, job, run)
    data = _data(config)
    start = prepared(config, transfer, _new_model(config, data), data, source, job.layers)
    return fit(config, transfer, start, RunFolder(job.folder), (), resume=job.resume).history.best


def _test(config: RunConfig, data: BeatData, model: LayeredModel) -> Results:
    """Label the test beats with the best weights, and score them beside what any model must beat."""
    beats = data.beats.take(data.split.test)
    labelled = probabilities(model.cpu(), data.beats, index=data.split.test, doing="testing")
    baselines = None
    if data.with_baselines:
        train = data.beats.take(data.split.train)
        baselines = baseline_probabilities(train.signal, train.y, beats.signal, len(data.info.classes))
    found, others = labelled_ways(labelling_of(config, data.classes), labelled, beats, data.info)
    how: dict[str, Any] = {"replicates": config.bootstrap, "seed": config.seed}
    patients = diagnosis_table(data, model, labelled, seed=config.seed)
    return score(data.info, beats, found, **how, baselines=baselines, others=others, patients=patients)


def labelling_of(config: RunConfig, classes: Sequence[str]) -> Labelling:
    """What becomes of the model's probabilities.

    Raises:
        EcgError: a class that there is not, or a value out of range.
    """
    made: Labelling = build(config.labelling, "labelling")
    try:
        return made.check(classes)
    except BadSettingError as error:
        raise EcgError(f"labelling: {error}") from None


def job_type(data: BeatData, transfer: Transfer) -> str:
    """What kind of run it is, for W&B: pretrain (arrhythmia), transfer, or scratch."""
    if transfer.trainable_layers is not None:
        return "transfer"
    return "pretrain" if data.dataset == "arrhythmia" else "scratch"


def _checked(config: RunConfig, job: Job) -> Transfer:
    """Build everything that can be built before anything is downloaded or trained, so that ranges are checked too.

    Raises:
        EcgError: a value out of range, or what this machine does not have.
    """
    devices = config.trainer.get("devices", 1)
    if job.sweep and devices not in (1, "1", "auto"):
        raise EcgError(
            f"trainer.devices={devices}: a sweep (-m) trains on one device; start jobs of several devices one by one"
        )
    callbacks = check_devices(config)
    one_of("monitor", config.monitor, ["val/loss", *(f"val/{one.name}" for one in followed())])
    transfer: Transfer = build(config.transfer, "transfer")
    data = config.data()
    labelling_of(config, data.classes)
    loss = build(config.loss, "loss", class_counts=[1] * len(data.classes), class_names=list(data.classes))
    augment = build(config.augment, "augment")
    refuse_parts(config, augment=augment, loss=loss)
    model = _network(config, data.shapes, len(data.classes))
    augment = augment_of(config, data, transfer)
    if augment.active:
        augment.check(model.beats, getattr(data.segmentation, "scaling", None))
    for one in callbacks:
        if isinstance(one, FewerEasyBeats):
            one.check(data.classes, beats=model.beats, loss=loss, augment=augment)
    if transfer.trainable_layers is not None:
        model.divide(transfer.trainable_layers)
    return transfer


def _new_model(config: RunConfig, data: BeatData) -> LayeredModel:
    pl.seed_everything(config.seed, verbose=False)
    model = faster(_network(config, data.info.shapes, len(data.info.classes)))
    data.serve(model)
    return model


def _network(config: RunConfig, inputs: Shapes, n_classes: int) -> LayeredModel:
    """The model with fresh weights.

    Raises:
        EcgError: what the configuration names gives no model of layers.
    """
    model = layered(config.network(inputs=inputs, n_classes=n_classes), inputs=inputs, n_classes=n_classes)
    if model is None:
        raise EcgError(
            f"model._target_={config.model['_target_']}: gives no ecg.models.LayeredModel and no torch.nn.Sequential"
        )
    model.recipe = model.recipe or dict(config.model)
    return model


def _main_process() -> bool:
    """Whether this is the first of the processes that share a training, or the only one."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def _data(config: RunConfig) -> BeatData:
    """The prepared and divided beats."""
    data: BeatData = config.data()
    data.prepare_data()
    data.setup()
    subsets = ", ".join(f"{sum(n.values()):,} {subset}" for subset, n in data.info.counts.items())
    log.info("%s: %s %s%s", data.info.title, subsets, data.info.rows, " (from the cache)" if data.cached else "")
    if absent := [name for name, n in data.info.counts["train"].items() if not n]:
        note = f"No training beats of class {', '.join(absent)}: the model cannot learn what it never sees."
        data.info = replace(data.info, notes=(*data.info.notes, note))
    for note in data.info.notes:
        log.warning("%s", note)
    return data
