"""The story of a run on one page: data, model, fit, test, report."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

import pytorch_lightning as pl
from lightning_fabric.utilities.rank_zero import rank_zero_only
from pytorch_lightning.loggers import Logger
from rich.console import Console

from ecg.config import Job, RunConfig, compose
from ecg.data.module import BeatData
from ecg.errors import EcgError
from ecg.models import LayeredModel
from ecg.recordings.data_dir import cache_folder, data_folder
from ecg.report.protocols import protocol_markdown, protocol_table
from ecg.report.results import Results, score, write_results, write_split
from ecg.report.run_report import run_figures
from ecg.report.save import save_figure
from ecg.report.tables import class_table, class_table_markdown
from ecg.training.classifier import Classifier
from ecg.training.fit import best_weights, check_devices, make_trainer, resume_point
from ecg.training.folder import RunFolder, read_json, write_json
from ecg.training.history import History
from ecg.training.inference import probabilities
from ecg.training.precision import choose_precision
from ecg.training.provenance import provenance
from ecg.training.tracking import TrackedRun, Tracker, tracking
from ecg.training.weights import save_weights

log = logging.getLogger(__name__)


def run(config: RunConfig, job: Job) -> float:
    """Train, test and report as `config` says.

    Returns:
        The best value of `trainer.monitor`.

    Raises:
        EcgError: something the user can put right.
    """
    if job.sweep and config.trainer.devices > 1:
        raise EcgError(
            f"trainer.devices={config.trainer.devices}: a sweep (-m) trains on one device; "
            "start jobs of several devices one by one"
        )
    check_devices(config.trainer.fit_settings())
    folder = RunFolder(job.folder)
    if _main_process():
        folder.check(resume=job.resume)
    data = _data(config)
    pl.seed_everything(config.seed, verbose=False)
    model = config.model.build(input_shape=data.info.shape, n_classes=len(data.info.classes))
    if not _main_process():  # it shares the training; the main process writes, tests and reports
        best, _ = _fit(config, data, model, folder, logger=None)
        return best
    folder.make()
    compose.save(config, folder.config)
    write_split(data.info, data.split, data.beats, folder)
    with tracking(_tracked(config, job, data, folder)) as tracker:
        best, history = _fit(config, data, model, folder, tracker.logger)
        results = _test(config, data, model)
        _report(config, results, history, data, folder, tracker, facts=_facts(config, model, history))
    return best


def _main_process() -> bool:
    """Whether this is the first of the processes that share a training, or the only one."""
    return int(getattr(rank_zero_only, "rank", 0)) == 0


def _data(config: RunConfig) -> BeatData:
    """The prepared and divided beats."""
    data = config.dataset.build(
        data_dir=data_folder(Path(config.data_dir) if config.data_dir else None),
        cache=cache_folder(Path(config.cache_dir) if config.cache_dir else None),
        batch_size=config.trainer.batch_size,
        seed=config.seed,
    )
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
        group=config.tracking.group or job.sweep,
        tags=(*config.tracking.tags, *(["simulated"] if data.info.simulated else [])),
        job_type="scratch",
        config=compose.as_dict(config),
        folder=folder.path,
    )


def _fit(
    config: RunConfig, data: BeatData, model: LayeredModel, folder: RunFolder, logger: Logger | None
) -> tuple[float, History]:
    """Train, from the last whole epoch on where there is one; the model ends with its best weights."""
    counts = list(data.info.counts["train"].values())
    classifier = Classifier(
        model,
        loss=config.trainer.loss.build(counts),
        optimizer=config.trainer.optimizer.build(),
        schedule=config.trainer.schedule.build(),
        augment=config.trainer.augment.build(),
        seed=config.seed,
    )
    trainer, history = make_trainer(config.trainer.fit_settings(), folder, logger)
    point = resume_point(folder)
    if point is not None:
        history.restore(point.epochs)
        log.info("resuming after epoch %d from %s", point.epochs, point.path)
    trainer.fit(classifier, data, ckpt_path=point.path if point else None)
    model.load_state_dict(best_weights(folder))
    return history.best, history


def _test(config: RunConfig, data: BeatData, model: LayeredModel) -> Results:
    """Label the test beats with the best weights and score them."""
    beats = data.beats.take(data.split.test)
    labelled = probabilities(model.cpu(), beats.x, doing="testing")
    return score(data.info, beats, labelled, replicates=config.bootstrap, seed=config.seed)


def _facts(config: RunConfig, model: LayeredModel, history: History) -> dict[str, object]:
    """What metrics.json says beside the scores."""
    parameters = list(model.parameters())
    return {
        "model": config.model.name,
        "seed": config.seed,
        "params/total": sum(p.numel() for p in parameters),
        "params/trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "time/fit_s": round(history.seconds, 2),
        "best_epoch": history.best_epoch,
        "limit_batches": config.trainer.limit_batches,
    }


def _report(
    config: RunConfig,
    results: Results,
    history: History,
    data: BeatData,
    folder: RunFolder,
    tracker: Tracker,
    *,
    facts: dict[str, object],
) -> None:
    """Weights, figures and tables into the folder, the headline into W&B, the table and the way on to the screen."""
    info = results.info
    trained = {
        **facts,
        "test/accuracy": results.metrics["test/accuracy"],
        "test/macro_f1": results.metrics["test/macro_f1"],
    }
    cut = {"name": data.cut.name, **asdict(data.cut)}  # type: ignore[call-overload]
    state = best_weights(folder)
    save_weights(folder.weights, state, info=info, model=asdict(config.model), cut=cut, training=trained)
    figures = run_figures(results, history.table, data.source, best_epoch=history.best_epoch, title=config.name)
    for name, figure in figures.items():
        save_figure(figure, folder.report / f"{name}.png")
    described: dict[str, str | float] = {"dataset": info.dataset, "split": info.split, "source": info.source}
    shown = {**described, **results.metrics}
    summary = class_table_markdown(shown, info.classes, results.intervals, results.table_context)
    folder.summary.write_text(summary + protocol_markdown(shown))
    tracker.figures(figures)
    tracker.summary({**described, "simulated": info.simulated, **facts, **results.metrics})
    write_results(results, folder, facts)
    console = Console()
    console.print(class_table(shown, info.classes, results.intervals, results.table_context))
    if (counted := protocol_table(shown)) is not None:
        console.print(counted)
    if config.trainer.limit_batches is not None:
        console.print("[bold]trainer.limit_batches is set: these numbers are no results.[/bold]")
    console.print(f"run folder: {folder.path}\n{tracker.where()}", highlight=False, soft_wrap=True)
