"""The commands beside `ecg train`: about recordings first, then about trained models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ecg.errors import EcgError

_DATA = "Folder that holds mitdb/, ptbdb/, ptb-xl/; else ECG_DATA, else the platform's cache folder."
DataDir = Annotated[Path | None, typer.Option(help=_DATA)]
CHANGES = "Changes as for train.py: dataset.split=patients, dataset.source=..., data_dir=..."
WEIGHTS = "A run folder (outputs/...) or a weights.safetensors file."
UNIT = "mV, uV, nV, V or ADU, for files that do not say it, or tables that say it wrong."
RPEAKS = "What finds R peaks: learnt, sleepecg, a run folder of experiment=rpeaks, or the import path of your own."


def _doing(what: str) -> None:
    """Say what takes a while."""
    typer.echo(f"{what} ...", err=True)


def download(
    database: Annotated[str, typer.Argument(help="mitdb, svdb, ludb, nstdb, cinc2017, ptbdb or ptb-xl.")],
    data_dir: DataDir = None,
    base_url: Annotated[str | None, typer.Option(help="A mirror of the database's files.")] = None,
) -> None:
    """Fetch a PhysioNet database; what is there and whole is kept, what is half there is resumed."""
    from ecg.checks import one_of
    from ecg.recordings.data_dir import data_folder
    from ecg.recordings.databases import DATABASES
    from ecg.recordings.download import download as fetch

    one_of("database", database, DATABASES)
    wanted = DATABASES[database]
    report = fetch(wanted, data_folder(data_dir) / database, base_url=base_url)
    typer.echo(f"{report.folder}: {len(report.fetched)} files fetched, {len(report.kept)} were there already")
    typer.echo(f"{wanted.title} {wanted.version}, {wanted.licence}, doi {wanted.doi}. Please cite: {wanted.citation}")


def kaggle_csv(
    out: Annotated[Path, typer.Option(help="Folder for mitbih_train.csv and mitbih_test.csv.")],
    data_dir: DataDir = None,
) -> None:
    """Rebuild the Kaggle heartbeat files from MIT-BIH, equal to float32, each row in its published file.

    The test file is in its published order; the training file, whose order is not known, in record order.
    """
    from ecg.data.published_rows import write_kaggle_files
    from ecg.recordings.data_dir import data_folder

    for path, rows in write_kaggle_files(data_folder(data_dir), out).items():
        typer.echo(f"{path}: {rows:,} rows")


def predict(
    *,
    records: Annotated[
        list[Path] | None, typer.Argument(help="WFDB, EDF, CSV, NumPy or device files, or folders.")
    ] = None,
    sample: Annotated[bool, typer.Option("--sample", help="A recording of MIT-BIH that ships with ecg.")] = False,
    weights: Annotated[Path | None, typer.Option(help=f"{WEIGHTS} Or a name; else the first of `ecg models`.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results; made if missing.")] = Path("labelled"),
    point: Annotated[str | None, typer.Option(help="Operating point: balanced, sensitive.")] = None,
    lead: Annotated[str | None, typer.Option(help="Lead by name; else the weights' own, else II.")] = None,
    fs: Annotated[float | None, typer.Option(help="Sampling rate in Hz, for files that do not say it.")] = None,
    unit: Annotated[
        str | None,
        typer.Option(help=UNIT),
    ] = None,
    rpeaks: Annotated[str, typer.Option(help=RPEAKS)] = "learnt",
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there already.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what these weights have labelled already.")] = False,
) -> None:
    """Find and label the heartbeats of one's own recordings. Research software: no diagnosis.

    Writes for each record a CSV (a row per beat), a WFDB annotation file (.ecg), a summary (.json) and a page (.html)
    to scroll through; for several records also index.html and records.csv.
    """
    from ecg.predict.pipeline import predict as label
    from ecg.predict.terminal import tell
    from ecg.recordings.databases.sample import FOLDER, UNSEEN
    from ecg.runs.shipped import DEFAULT, shipped_file

    if bool(records) == sample:
        raise EcgError("ecg predict: name recordings, or give --sample for one that ships with ecg")
    records = records or [FOLDER / UNSEEN]
    asked: dict[str, Any] = {"fs": fs, "lead": lead, "unit": unit, "point": point, "rpeaks": rpeaks}
    known, found, outcomes = label(records, weights or shipped_file(DEFAULT), out, **asked, force=force, resume=resume)
    if not tell(known, outcomes, out, found):
        raise typer.Exit(1)


def models() -> None:
    """List the weights that come with ecg, and what they are good for."""
    from ecg.beats.rpeaks import SHIPPED as SHIPPED_RPEAKS
    from ecg.runs.shipped import SHIPPED, card
    from ecg.runs.weights import describe_weights

    for name, one in SHIPPED.items():
        said = describe_weights(Path(name))
        typer.echo(f"{name}: {one.title}")
        typer.echo(f"  {said.info.title}; leads {', '.join(said.info.leads)}; {said.path.stat().st_size / 1e6:.1f} MB")
        typer.echo(f"  model card: {card(name)}")
    typer.echo("rpeaks: R peaks of one lead, what --rpeaks learnt takes")
    typer.echo(f"  any lead, unit and polarity; {SHIPPED_RPEAKS.stat().st_size / 1e6:.1f} MB")
    typer.echo(f"  model card: {SHIPPED_RPEAKS.with_suffix('.md')}")


def ensemble(
    runs: Annotated[list[Path], typer.Argument(help="Runs of one setting that differ in seed.")],
    out: Annotated[Path, typer.Option(help="The weights file.")],
    score: Annotated[bool, typer.Option(help="Test it on the runs' test beats; the file tells how good it is.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Put the weights of several seeds into one file, whose probabilities are the mean of theirs."""
    from ecg.evaluate import evaluate as work
    from ecg.evaluate.files import check_folder
    from ecg.evaluate.terminal import tell
    from ecg.runs.ensemble import merge

    if score:
        check_folder(out.with_suffix(""), force=force)
    said = merge(runs, out, force=force)
    if score:
        found = work(out, out=out.with_suffix(""), force=force, doing=_doing)
        tell(found)
        said = merge(runs, out, scores=found.results.metrics, force=True)
    typer.echo(said)


def score(
    where: Annotated[Path, typer.Argument(help="A folder of annotations, one record without ending, or a database.")],
    reference: Annotated[str, typer.Option(help="Annotator of the reference.")] = "atr",
    test: Annotated[str, typer.Option(help="Annotator to score.")] = "ecg",
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the reference; else beside the test's.")] = None,
    rpeaks: Annotated[str | None, typer.Option(help=f"Score a detector instead of annotations. {RPEAKS}")] = None,
    lead: Annotated[str | None, typer.Option(help="With --rpeaks: the lead; else MLII, else the first.")] = None,
    subset: Annotated[str, typer.Option(help="With --rpeaks and a database: all, test, train, left_out.")] = "all",
    out: Annotated[Path | None, typer.Option(help="CSV file for each record's scores; else scores.csv there.")] = None,
) -> None:
    """Score annotation files, or a detector of R peaks, against reference annotations, as EC57 and `bxb` count."""
    if rpeaks is not None:
        from ecg.evaluate.rpeaks import score_rpeaks
        from ecg.evaluate.terminal import tell_rpeaks
        from ecg.recordings.data_dir import data_folder

        how: dict[str, Any] = {"annotator": reference, "lead": lead, "subset": subset}
        tell_rpeaks(*score_rpeaks(where, rpeaks, data_dir=data_folder(data_dir), **how), out)
        return
    from ecg.atomic import whole_file
    from ecg.beats.labels import AAMI_CLASSES
    from ecg.checks import check_out
    from ecg.predict.scores import compare_files, score_table
    from ecg.predict.terminal import tell_scores

    target = out or (where if where.is_dir() else where.parent) / "scores.csv"
    check_out(target.parent)
    records, problems = compare_files(where, reference, test, data_dir)
    if records:
        table = score_table(records, AAMI_CLASSES)
        with whole_file(target) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
        tell_scores(records, AAMI_CLASSES)
        typer.echo(f"scores of {len(records)} records: {target}")
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, or folders that hold them, e.g. that of a sweep.")],
    out: Annotated[Path | None, typer.Option(help="Where to write; else compare/ in the given folder.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="The headline score, a key of metrics.json; else test/macro_f1.")
    ] = None,
    wandb: Annotated[bool, typer.Option("--wandb", help="Also log the comparison as a W&B run.")] = False,
) -> None:
    """Compare runs: tables, figures and one HTML page, from their folders alone.

    Runs that differ in seed or fold only are one setting; what was tested on other data or another split is not mixed.
    """
    from ecg.compare.pipeline import compare_runs

    compare_runs(runs, out=out, metric=metric, wandb=wandb)


def wandb_report(
    project: Annotated[str, typer.Argument(help="ENTITY/PROJECT, as in its address.")],
    score: Annotated[str, typer.Option(help="A number of the runs' summary, e.g. val/macro_f1.")] = "subject/auroc",
    setting: Annotated[
        list[str] | None,
        typer.Option(help="A key of the runs' config, what varies first; may be repeated."),
    ] = None,
    group: Annotated[str | None, typer.Option(help="Only runs of this group: a sweep's or a search's.")] = None,
) -> None:
    """Make a report in W&B that charts a score over the settings of a sweep, beside costs and baselines.

    By default AUROC per subject over transfer.trainable_layers and transfer.source. Needs wandb-workspaces.
    """
    from ecg.compare.wandb_report import SETTINGS, save_report
    from ecg.compare.wandb_report import wandb_report as make

    report = make(project, score=score, settings=setting or SETTINGS, group=group)
    typer.echo(save_report(report))


def evaluate(
    run: Annotated[Path, typer.Argument(help=WEIGHTS)],
    overrides: Annotated[list[str] | None, typer.Argument(help=CHANGES)] = None,
    subset: Annotated[str, typer.Option(help="Subset of the split: test, val, train, or all beats.")] = "test",
    out: Annotated[Path | None, typer.Option(help="Folder for the results; else RUN/evaluations/...")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there.")] = False,
) -> None:
    """Score a trained model on another dataset, source or split, without training.

    Says first how many of the evaluated beats and patients trained the model. With --subset all every beat of a
    database that the model never saw is a test beat.
    """
    from ecg.evaluate import evaluate as work
    from ecg.evaluate.terminal import tell

    tell(work(run, overrides or [], subset=subset, out=out, force=force, doing=_doing))


def explain(
    runs: Annotated[list[Path], typer.Argument(help="A run folder or weights file, or several seeds of one run.")],
    out: Annotated[Path | None, typer.Option(help="Folder for page, figures and tables; else RUN/explain.")] = None,
    data_dir: DataDir = None,
    dataset_from: Annotated[Path | None, typer.Option(help="Run whose dataset is used, for weights alone.")] = None,
    beats: Annotated[int, typer.Option(help="Beats per probe; maps and checks take a share of them.")] = 3000,
    layer: Annotated[str | None, typer.Option(help="Where Grad-CAM looks; else the last with a time axis.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same numbers.")] = 0,
) -> None:
    """Show what a model looks at, whether that can be trusted, and what each of its layers knows.

    Takes one to two minutes. Needs captum: pip install 'captum>=0.8,<1'.
    """
    from ecg.explain import explain as work

    made = work(
        runs, out=out, dataset_from=dataset_from, data_dir=data_dir, beats=beats, layer=layer, seed=seed, doing=_doing
    )
    for sentence in made.sentences:
        typer.echo(sentence)
    typer.echo(f"page: {made.page}")


def export(
    run: Annotated[Path, typer.Argument(help=WEIGHTS)],
    out: Annotated[Path | None, typer.Option(help="The file; else weights.onnx beside the weights.")] = None,
    data_dir: DataDir = None,
    beats: Annotated[int, typer.Option(help="Test beats to check the file on.")] = 2000,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a model as ONNX, with its metadata, and check it against torch on the run's own test beats.

    Its probabilities are the network's own, before operating points and smoothing. Also takes a detector of R peaks.

    A file that disagrees is not kept. Where the recordings are not at hand, random beats are taken, and it says so.
    Needs onnx and onnxruntime: pip install 'onnx>=1.17,<2' 'onnxruntime>=1.20,<2'.
    """
    from ecg.export import export as work

    for sentence in work(run, out=out, data_dir=data_dir, beats=beats, force=force, doing=_doing).sentences:
        typer.echo(sentence)
