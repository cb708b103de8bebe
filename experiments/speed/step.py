"""What do kept memory, a quick dropout and small batches of evaluation bring? Writes step.csv and a table in README.md.

python experiments/speed/step.py
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch
from results import machine_facts, rewrite
from torch import nn

from ecg.models import LayeredModel, cnn
from ecg.models.dropout import Dropout
from ecg.training.memory import keep_freed_memory
from ecg.training.optimizers import optimizer_rule
from ecg.training.precision import choose_precision

HERE = Path(__file__).parent
BATCHES = (256, 1024)


def training(steps: int, *, last: int = 8, quick: bool = True, batch: int = 256) -> float:
    """Median seconds of a training step of the cnn's last layers, after three that do not count."""
    torch.manual_seed(0)
    whole = cnn(input_shape=(1, 187), n_classes=5)
    frozen, trained = whole.divide(last)
    shape = tuple(whole.eval().first(frozen)(torch.rand(2, 1, 187)).shape[1:])
    model = whole.last(trained, shape).train()
    if not quick:
        pytorchs_dropout(model)
    x, y = torch.rand(batch, *shape), torch.arange(batch) % 5
    optimizer = optimizer_rule("adamw", lr=1e-3, weight_decay=0.05, momentum=0.9)(list(model.parameters()))
    seconds = []
    for _ in range(steps + 3):
        start = time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[3:])


def pytorchs_dropout(model: LayeredModel) -> None:
    """Put PyTorch's own dropout in the place of ours."""
    for layer in model.layers.values():
        for name, part in layer.named_children():
            if isinstance(part, Dropout):
                setattr(layer, name, nn.Dropout(part.p))


@torch.inference_mode()
def evaluating(batch: int, beats: int = 4096) -> float:
    """Seconds for `beats` beats, the better of two."""
    model, parts = cnn(input_shape=(1, 187), n_classes=5).eval(), torch.split(torch.rand(beats, 1, 187), batch)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        for part in parts:
            model(part)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def child(kept: bool, steps: int) -> list[float]:
    """Seconds in a process of its own: training steps, then evaluation in batches of 256 and of 1,024."""
    words = [sys.executable, __file__, "--child", "kept" if kept else "given", "--steps", str(steps)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [float(word) for word in said.split()]


def main() -> None:
    """Processes in turn, with and without; four minutes on two cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--child", choices=("kept", "given"), help="used by the script itself")
    options = parser.parse_args()
    if options.child:
        if options.child == "kept":
            assert keep_freed_memory()
        steps = [training(options.steps, last=last, quick=quick) for last in (8, 4) for quick in (True, False)]
        print(*steps, *(evaluating(batch) for batch in BATCHES))
        return
    rounds = [(child(True, options.steps), child(False, options.steps)) for _ in range(options.rounds)]
    pairs = {
        "training step, memory kept / given back": [(given[0], kept[0]) for kept, given in rounds],
        "training step, our dropout / PyTorch's": [(kept[1], kept[0]) for kept, _ in rounds],
        "training step, both / neither": [(given[1], kept[0]) for kept, given in rounds],
        "training step of the last four layers, our dropout / PyTorch's": [(kept[3], kept[2]) for kept, _ in rounds],
        "evaluation, memory kept / given back": [(given[4], kept[4]) for kept, given in rounds],
        "evaluation, batches of 256 / of 1,024": [(kept[5], kept[4]) for kept, _ in rounds],
        "evaluation, both / neither": [(given[5], kept[4]) for kept, given in rounds],
    }
    rows = []
    for what, seconds in pairs.items():
        ratios = [slow / fast for slow, fast in seconds]
        rows.append({"what": what, "ratio": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)})
    table = pd.DataFrame(rows)
    table.to_csv(HERE / "step.csv", index=False, float_format="%.3f")
    lines = ["| what | ratio | spread |", "|---|---:|---:|"]
    lines += [f"| {r['what']} | {r['ratio']:.2f} | {r['lowest']:.2f} to {r['highest']:.2f} |" for r in rows]
    facts = machine_facts(torch.__version__, torch.get_num_threads(), choose_precision("auto", "cpu"), None)
    text = "\n".join([*lines, "", f"{options.rounds} rounds. {facts}"])
    print(text)
    rewrite(HERE / "README.md", "step.py", text)


if __name__ == "__main__":
    main()
