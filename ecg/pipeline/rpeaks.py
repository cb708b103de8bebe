"""The pipeline of a run that trains the R-peak detector: data, network, fit, whole test records, report."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytorch_lightning as pl

from ecg.beats.rpeaks import Learnt
from ecg.beats.rpeaks.network import RPeakNet
from ecg.beats.rpeaks.weights import save_rpeak_net
from ecg.checks import one_of
from ecg.config import RunConfig
from ecg.config.build import build
from ecg.data.rpeaks import RPeakAugment, RPeaksDataModule
from ecg.data.rpeaks.module import TestRecords
from ecg.errors import EcgError
from ecg.metrics.rpeaks import Detected, detect_all, peak_scores
from ecg.pipeline.facts import run_facts, threads_of
from ecg.pipeline.fitting import trained
from ecg.report.rpeaks import report_rpeaks
from ecg.runs.checkpoints import resume_point
from ecg.runs.folder import RunFolder, write_json
from ecg.runs.job import Job
from ecg.runs.reading import save_config
from ecg.targets import locate
from ecg.training.loggers import opened
from ecg.training.pruning import pruning_of
from ecg.training.rpeaks import RPeakLoss, RPeakTraining
from ecg.training.threads import choose_threads
from ecg.training.trainer import check_devices, limit_of

log = logging.getLogger(__name__)
JOB_TYPE = "rpeaks"
_ALSO = "dataset=rpeaks model=rpeaks augment=rpeaks loss=rpeaks go together; see experiment=rpeaks"
_PARTS: Mapping[str, type] = {"augment": RPeakAugment, "loss": RPeakLoss, "model": RPeakNet}


def finds_peaks(config: RunConfig) -> bool:
    """Whether a configuration trains a detector of R peaks."""
    kind = locate(config.dataset["_target_"], "dataset._target_")
    return isinstance(kind, type) and issubclass(kind, RPeaksDataModule)


def refuse_parts(config: RunConfig, **parts: object) -> None:
    """Refuse what only this pipeline can use, for one that labels beats.

    Args:
        config: of a run with another dataset.
        parts: what was built, by group.

    Raises:
        EcgError: so it is.
    """
    for key, one in parts.items():
        if isinstance(one, _PARTS[key]):
            raise EcgError(f"{key}._target_={getattr(config, key)['_target_']}: is for dataset=rpeaks alone; {_ALSO}")


def run_rpeaks(config: RunConfig, job: Job) -> float:
    """Train, test on whole records and report.

    Returns:
        The best value of `monitor`.

    Raises:
        EcgError: something the user can put right.
    """
    began, folder = time.perf_counter(), RunFolder(job.folder)
    folder.check(resume=job.resume)
    data, module = _made(config, job)
    threads = choose_threads(threads_of(config, folder))
    data.prepare_data()
    data.setup()
    folder.make()
    save_config(config, folder.config)
    _write_split(data, folder)
    told: dict[str, Any] = {
        "job_type": JOB_TYPE,
        "fingerprint": data.fingerprint(),
        "simulated": False,
        "threads": threads,
    }
    with opened(config.logger, run_facts(config, job, folder, **told)) as loggers:
        net, point = module.model, resume_point(folder)
        pruning = pruning_of(job, config.monitor)
        history, before_s = trained(config, module, net, data, folder, loggers.all, point, pruning=pruning)
        tested = test_rpeaks(config, net.cpu().eval(), data, folder)
        parameters = sum(p.numel() for p in net.parameters())
        facts = {
            "name": config.name,
            "job_type": JOB_TYPE,
            "dataset": data.dataset,
            "model": config.model_name,
            "seed": config.seed,
            "params/total": parameters,
            "params/trainable": parameters,
            "time/fit_s": round(history.seconds, 2),
            "time/total_s": round(time.perf_counter() - began + before_s, 2),
            "best_epoch": history.best_epoch,
            f"best/{config.monitor}": history.best,
            "limit_batches": limit_of(config.trainer),
            **({} if config.test else {"tested": False}),
            **({} if pruning is None or pruning.after is None else {"pruned_after": pruning.after}),
        }
        report_rpeaks(config, tested, history, facts, folder, loggers)
    return history.best


def check_rpeaks(config: RunConfig, job: Job) -> None:
    """Build what can be built before any data is read.

    Raises:
        EcgError: something that the user can put right.
    """
    _made(config, job)


def share_rpeaks(config: RunConfig, job: Job) -> float:
    """The part of a process that shares a training with the main one, which writes, tests and reports."""
    if config.threads is not None:
        choose_threads(config.threads)
    data, module = _made(config, job)
    data.prepare_data()
    data.setup()
    folder = RunFolder(job.folder)
    return trained(config, module, module.model, data, folder, (), resume_point(folder))[0].best


def test_rpeaks(
    config: RunConfig, net: RPeakNet, data: RPeaksDataModule, folder: RunFolder
) -> Mapping[str, Sequence[Detected]]:
    """Keep the weights, and find the R peaks of whole test records with them; by what is tested."""
    tests = data.tests if config.test else ()
    tested = {one.name: _detect(net, folder, config, data, one) for one in tests}
    _save(net, folder, config, data, tested)
    return tested


def _detect(
    net: RPeakNet, folder: RunFolder, config: RunConfig, data: RPeaksDataModule, one: TestRecords
) -> Sequence[Detected]:
    if not folder.weights.is_file():
        _save(net, folder, config, data, {})
    return detect_all(Learnt(folder.weights), one.database, one.folder, one.records)


def _save(
    net: RPeakNet,
    folder: RunFolder,
    config: RunConfig,
    data: RPeaksDataModule,
    tested: Mapping[str, Sequence[Detected]],
) -> None:
    scores = {name: {key: peak_scores(found)[key] for key in ("se", "ppv")} for name, found in tested.items()}
    said = {"name": config.name, "databases": [one.name for one in data.databases], "test": scores}
    save_rpeak_net(folder.weights, net, {**said, "trained_patients": data.patients("train")})


def _made(config: RunConfig, job: Job) -> tuple[RPeaksDataModule, RPeakTraining]:
    """Data and training, built before anything is downloaded, so that ranges are checked too.

    Raises:
        EcgError: a value out of range, parts that do not go together, or what this machine does not have.
    """
    if job.sweep and config.trainer.get("devices", 1) not in (1, "1", "auto"):
        raise EcgError("trainer.devices: a sweep (-m) trains on one device; start jobs of several devices one by one")
    check_devices(config)
    one_of("monitor", config.monitor, ["val/loss"])
    if config.transfer.get("trainable_layers") is not None:
        raise EcgError("transfer.trainable_layers: dataset=rpeaks trains a network from scratch; leave it out")
    data: RPeaksDataModule = config.data()
    augment, loss = build(config.augment, "augment"), build(config.loss, "loss")
    pl.seed_everything(config.seed, verbose=False)
    net = build(config.model, "model")
    for key, one in {"augment": augment, "loss": loss, "model": net}.items():
        if not isinstance(one, _PARTS[key]):
            raise EcgError(f"{key}._target_={getattr(config, key)['_target_']}: {_ALSO}")
    data.augment = augment
    how: dict[str, Any] = {"optimizer": config.optimizer, "scheduler": config.scheduler, "seed": config.seed}
    return data, RPeakTraining(net, loss=loss, **how)


def _write_split(data: RPeaksDataModule, folder: RunFolder) -> None:
    """Who trained and which records test."""
    people = {subset: data.patients(subset) for subset in ("train", "val")}
    tests = {one.name: list(one.records) for one in data.tests}
    write_json(folder.split, {"split": "patients", "patients": {**people, "test": []}, "beats": {}, "records": tests})
