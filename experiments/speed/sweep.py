"""How much faster is the sweep over retrained layers than a naive one? Writes sweep.csv and its table in README.md.

python experiments/speed/sweep.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import loops
import pandas as pd
import torch
from results import machine_facts, rewrite

import ecg
from ecg.config import RunConfig
from ecg.config.compose import compose
from ecg.data import BeatData
from ecg.pipeline import run
from ecg.runs.job import Job
from ecg.training import BeatClassifier
from ecg.training.processor import choose_precision

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LONGER = 10  # times as many epochs, where what is computed once weighs less
MODELS = ("cnn", "kachuee")
Row = tuple[str, float, float, str]  # what, our seconds, the other's, target


def settings(folder: Path, patients: int, epochs: int) -> list[str]:
    """Those of the README's sweep, on simulated patients; weights do not change the speed, so nothing is pretrained."""
    return [
        "dataset=mi",
        "dataset.source=synthetic",
        "dataset.synthetic.minutes=0.5",
        f"dataset.synthetic.patients={patients}",
        f"trainer.max_epochs={epochs}",
        "trainer.accelerator=cpu",
        "transfer=random",
        "logger=none",
        f"threads={torch.get_num_threads()}",  # the same for each job, whatever else goes on when it begins
        f"cache_dir={folder / 'cache'}",
        f"output_dir={folder}",
    ]


@dataclass
class Taken:
    """Seconds of a sweep: of whole jobs with their reports, and of features with training alone."""

    whole: float = 0.0
    fitted: float = 0.0


class Way(Enum):
    """What becomes of the frozen layers."""

    CACHED = "their output is computed once"
    NAIVE = "they work in every batch of every epoch"
    ROUGH = "so they do, and in the trainer's precision: quicker where that is bfloat16, but with other results"


@contextmanager
def frozen_layers(way: Way) -> Iterator[bool]:
    """Have frozen layers treated so; gives whether features are cached."""
    precise = BeatClassifier._call
    if way is Way.ROUGH:
        BeatClassifier._call = lambda self, name, layer, taken: layer(*taken)
    try:
        yield way is Way.CACHED
    finally:
        BeatClassifier._call = precise


def sweep(config: RunConfig, folder: Path, ks: range, ways: Sequence[Way] = (Way.CACHED,)) -> list[Taken]:
    """The jobs k = ks in turn, each of them in every of the `ways`, in their order."""
    shutil.rmtree(config.data().cache / "features", ignore_errors=True)  # of the sweep before
    taken = [Taken() for _ in ways]
    for k in ks:
        for way, side in zip(ways, taken, strict=True):
            job = Job(folder / f"k{k}-{way.name.lower()}", layers=tuple(ks))
            with frozen_layers(way) as cached:
                transfer = {**config.transfer, "trainable_layers": k, "cache_features": cached}
                start = time.perf_counter()
                run(replace(config, transfer=transfer), job)
                side.whole += time.perf_counter() - start
            found = ecg.load_run(job.folder).metrics
            side.fitted += found["time/fit_s"] + found["time/features_s"]
    return taken


def typed_sweep(given: list[str], folder: Path) -> float:
    """Seconds of k = 8..1 as one types it, side by side on two cores, from the start of the command to its end.

    The longest job comes first, so that no core waits at the end.

    Raises:
        RuntimeError: a job failed.
    """
    ks = f"transfer.trainable_layers={','.join(map(str, range(8, 0, -1)))}"
    side_by_side = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    begun = [*given, "threads=null", f"cache_dir={folder / 'typed'}"]
    _train([*begun, "trainer=debug"])  # so that both sides begin with prepared beats
    start = time.perf_counter()
    _train(["-m", *begun, ks, *side_by_side])
    return time.perf_counter() - start


def published(given: list[str], beats: int, epochs: int) -> tuple[float, float]:
    """Seconds of the epochs of the published study's loop, and of its whole process.

    One epoch is measured and multiplied. The process starts, reads the prepared beats and trains; it tests nothing.
    """
    words = [sys.executable, __file__, "--published", *given]
    start = time.perf_counter()
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    whole, epoch = time.perf_counter() - start, beats / float(said.split()[-1])
    return epochs * epoch, whole + (epochs - 1) * epoch


def _train(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "train.py", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])


def prepared(config: RunConfig) -> BeatData:
    """The beats of all jobs; afterwards they are in the cache."""
    data: BeatData = config.data()
    data.prepare_data()
    data.setup()
    return data


def with_and_without(given: list[str], folder: Path, epochs: int) -> list[Row]:
    """The sweep k = 1..4 of each model, with cached features against without, for `epochs` and ten times as many."""
    ways = [way for way in Way if way is not Way.ROUGH or choose_precision("auto", "cpu") == "bf16-mixed"]
    rows: list[Row] = []
    for model in MODELS:
        for n in (epochs, LONGER * epochs):
            config = compose(*given, f"model={model}", f"trainer.max_epochs={n}")
            ours, naive, *more = sweep(config, folder / f"{model}-{n}", range(1, 5), ways)
            said = f"{model}, k = 1..4, {n} epochs"
            rows += [
                (f"{said}, features and training", ours.fitted, naive.fitted, ">= 5"),
                (f"{said}, whole jobs with test and report", ours.whole, naive.whole, ""),
            ]
            rows += [(f"{said}, against frozen layers in bfloat16", ours.fitted, side.fitted, "") for side in more]
    return rows


def against_published(given: list[str], folder: Path, beats: int, epochs: int) -> list[Row]:
    """All k of the cnn against two trainings from scratch with the published study's loop."""
    scratch, process = (2 * seconds for seconds in published(given, beats, epochs))
    (every,) = sweep(compose(*given), folder / "every", range(1, 9))
    typed = typed_sweep(given, folder)
    said, two = f"cnn, {epochs} epochs", "two processes of the published loop"
    return [
        (f"{said}, k = 1..8, features and training, against two runs of the published loop", every.fitted, scratch, ""),
        (f"{said}, k = 1..8, whole jobs, against {two}", every.whole, process, ""),
        (f"{said}, k = 8..1, the whole command with jobs side by side, against the same two", typed, process, ">= 1"),
    ]


def main() -> None:
    """Measure each side once; twenty minutes or a little more on two cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="only see that it runs; nothing is kept")
    parser.add_argument(
        "--every-k", action="store_true", help="only k = 1..8 against the published loop; nothing is kept"
    )
    parser.add_argument("--published", nargs="+", help="used by the script itself")
    options = parser.parse_args()
    if options.published:
        config = compose(*options.published)
        print(loops.published_epoch(config, prepared(config)))
        return
    patients, epochs = (20, 1) if options.quick else (options.patients, options.epochs)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        given = settings(folder, patients, epochs)
        beats = len(prepared(compose(*given)).split.train)
        sweep(compose(*given, "trainer.max_epochs=1"), folder / "warm", range(1, 2))
        rows = [] if options.every_k else with_and_without(given, folder, epochs)
        rows += against_published(given, folder, beats, epochs)
    table = pd.DataFrame(rows, columns=["what", "ours_s", "naive_s", "target"])
    table["ratio"] = table["naive_s"] / table["ours_s"]
    facts = machine_facts(torch.__version__, torch.get_num_threads(), choose_precision("auto", "cpu"), load)
    text = markdown(table, f"{beats:,} training beats of {patients} simulated patients. {facts}")
    print(text)
    if not (options.quick or options.every_k):
        table.to_csv(HERE / "sweep.csv", index=False, float_format="%.2f")
        rewrite(HERE / "README.md", "sweep.py", text)


def markdown(table: pd.DataFrame, facts: str) -> str:
    """The table, seconds and ratios; above 1, ours is faster."""
    lines = ["| what | ours s | naive s | ratio | target |", "|---|---:|---:|---:|---|"]
    for _, row in table.iterrows():
        lines.append(
            f"| {row['what']} | {row['ours_s']:.1f} | {row['naive_s']:.1f} | {row['ratio']:.2f} | {row['target']} |"
        )
    return "\n".join([*lines, "", facts])


if __name__ == "__main__":
    main()
