"""How fast is a graphics card here? Writes gpu.csv and a table in README.md.

    bash experiments/speed/gpu.sh

`--device cpu --quick` only shows that the script works: it measures little, on the processor, and writes nothing.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch
from results import rewrite

from ecg.models import MODELS
from ecg.models.faster import faster

HERE = Path(__file__).parent
TRAIN = HERE.parents[1] / "train.py"
SIZES = (256, 1024, 4096)
PRECISIONS = ("float32", "bfloat16")


class Measured(NamedTuple):
    """A row.

    Attributes:
        what: step, epoch or sweep, of which model.
        batch: beats of a batch.
        how: precision, compiled or not, or where it ran.
        value: beats per second, or seconds.
        unit: of the value.
    """

    what: str
    batch: str
    how: str
    value: float
    unit: str


def steps(device: str, count: int, sizes: tuple[int, ...], *, quick: bool) -> Iterator[Measured]:
    """Beats per second of training steps, for each model, batch size and precision, compiled and not."""
    for name, precision, compiled in product(("cnn", "compact"), PRECISIONS, (False,) if quick else (False, True)):
        for batch in sizes:
            try:
                speed = one_step(name, batch, precision, device, count, compiled=compiled)
            except Exception as error:  # a compiler that is missing stops no other row
                print(f"{name}, {precision}, compiled: {type(error).__name__}, left out")
                break
            yield Measured(f"step, {name}", str(batch), f"{precision}{', compiled' * compiled}", speed, "beats/s")


def one_step(name: str, batch: int, precision: str, device: str, count: int, *, compiled: bool) -> float:
    """The median of `count` steps after five that do not count."""
    torch.manual_seed(0)
    model = faster(MODELS[name](input_shape=(1, 187), n_classes=5)).to(device).train()
    called = torch.compile(model) if compiled else model
    x, y = torch.rand(batch, 1, 187, device=device), torch.arange(batch, device=device) % 5
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    mixed = torch.autocast(device, dtype=torch.bfloat16) if precision == "bfloat16" else nullcontext()
    seconds = []
    for _ in range(count + 5):
        start = time.perf_counter()
        with mixed:
            loss = torch.nn.functional.cross_entropy(called(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return batch / statistics.median(seconds[5:])


def commands(device: str, folder: Path, *, quick: bool) -> Iterator[Measured]:
    """Whole commands: an epoch from the run's own history, and the seconds of a sweep."""
    epochs = 1 if quick else 4
    for trainer in ["cpu"] if device == "cpu" else ["gpu", "cpu"]:
        for batch in (256,) if quick or trainer == "cpu" else SIZES:
            history = trained(
                folder, f"trainer={trainer}", f"dataset.batch_size={batch}", f"trainer.max_epochs={epochs}"
            )
            value = min(float(row["seconds"]) for row in history)
            yield Measured("epoch of the sample's patients, with validation, cnn", str(batch), trainer, value, "s")
        words = ["-m", "dataset=mi", "dataset.source=synthetic", "transfer=random", f"trainer={trainer}"]
        layers = "1" if quick else ",".join(map(str, range(1, 9)))
        more = [f"transfer.trainable_layers={layers}", f"trainer.max_epochs={epochs}", f"cache_dir={folder / 'cache'}"]
        start = time.perf_counter()
        started(folder, *words, *more)
        value = time.perf_counter() - start
        yield Measured(f"sweep k = {layers}, {epochs} epochs", "256", trainer, value, "s")


def trained(folder: Path, *words: str) -> list[dict[str, str]]:
    """The history of one run."""
    started(folder, "dataset.source=sample", "dataset.split=patients", f"cache_dir={folder / 'cache'}", *words)
    newest = max(folder.glob("outputs/*/history.csv"), key=os.path.getmtime)
    with newest.open(encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def started(folder: Path, *words: str) -> None:
    """Run train.py in a folder of its own."""
    command = [sys.executable, str(TRAIN), *words, "logger=none", "bootstrap=20"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Measure where there is a card."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.device == "cuda" and not torch.cuda.is_available():
        print("No graphics card here (torch.cuda.is_available() says so): nothing was measured, nothing is changed.")
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        sizes, count = ((64,), 2) if asked.quick else (SIZES, 50)
        for make in (
            steps(asked.device, count, sizes, quick=asked.quick),
            commands(asked.device, Path(folder), quick=asked.quick),
        ):
            for row in make:
                rows.append(row)
                print(*row, flush=True)
    if asked.quick or asked.device == "cpu":
        return
    with (HERE / "gpu.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([Measured._fields, *rows])
    lines = ["| what | batch | how | value | unit |", "|---|---:|---|---:|---|"]
    lines += [f"| {one.what} | {one.batch} | {one.how} | {one.value:,.1f} | {one.unit} |" for one in rows]
    card = f"Card: {torch.cuda.get_device_name()}; torch {torch.__version__}."
    rewrite(HERE / "README.md", "gpu.py", "\n".join([*lines, "", card]))


if __name__ == "__main__":
    main()
