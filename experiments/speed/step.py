"""What do kept memory, dropout, layout and small batches bring? Writes step.csv and a table in README.md.

python experiments/speed/step.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch
from loops import LAYOUT, Kinds, pytorchs_own
from results import machine_facts, rewrite

from ecg.models import cnn
from ecg.models.faster import Dropout, faster
from ecg.training.optimizers import make_optimizer
from ecg.training.processor import choose_precision, keep_freed_memory
from ecg.transfer.features import feature_shapes

HERE = Path(__file__).parent
ADAMW = {"_target_": "torch.optim.AdamW", "lr": 1e-3, "weight_decay": 0.05}


def training(steps: int, *, last: int = 8, without: Kinds = (), batch: int = 256) -> float:
    """Median seconds of a training step of the cnn's last layers, after three that do not count."""
    torch.manual_seed(0)
    whole = cnn(input_shape=(1, 187), n_classes=5)
    frozen, trained = whole.divide(last)
    given = frozen[-1:] or ("signal",)
    shape = feature_shapes(whole, frozen)[given[0]]
    model = pytorchs_own(faster(whole.last(trained, {given[0]: shape})).train(), without)
    x, y = torch.rand(batch, *shape), torch.arange(batch) % 5
    optimizer = make_optimizer(ADAMW, list(model.parameters()))
    seconds = []
    for _ in range(steps + 3):
        start = time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[3:])


@torch.inference_mode()
def evaluating(batch: int = 256, *, without: Kinds = (), beats: int = 4096) -> float:
    """Seconds for `beats` beats, the better of two."""
    model = pytorchs_own(faster(cnn(input_shape=(1, 187), n_classes=5).eval()), without)
    parts = torch.split(torch.rand(beats, 1, 187), batch)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        for part in parts:
            model(part)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measured(steps: int) -> dict[str, float]:
    """Seconds of everything, in this process."""
    return {
        "train": training(steps),
        "train, no dropout": training(steps, without=(Dropout,)),
        "train, no layout": training(steps, without=LAYOUT),
        "train, nothing": training(steps, without=(Dropout, *LAYOUT)),
        "fc": training(steps, last=4),
        "fc, no dropout": training(steps, last=4, without=(Dropout,)),
        "eval": evaluating(),
        "eval, no layout": evaluating(without=LAYOUT),
        "eval, large": evaluating(1024),
        "eval, nothing": evaluating(1024, without=LAYOUT),
    }


def child(kept: bool, steps: int) -> dict[str, float]:
    """What a process of its own measures."""
    words = [sys.executable, __file__, "--child", "kept" if kept else "given", "--steps", str(steps)]
    found: dict[str, float] = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return found


def main() -> None:
    """Processes in turn, with and without; six minutes on two cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="only see that it runs; nothing is kept")
    parser.add_argument("--child", choices=("kept", "given"), help="used by the script itself")
    options = parser.parse_args()
    if options.child:
        if options.child == "kept":
            assert keep_freed_memory()
        print(json.dumps(measured(options.steps)))
        return
    count, steps = (1, 2) if options.quick else (options.rounds, options.steps)
    rounds = [(child(True, steps), child(False, steps)) for _ in range(count)]
    pairs = {
        "training step, memory kept / given back": [(given["train"], kept["train"]) for kept, given in rounds],
        "training step, our dropout / PyTorch's": [(kept["train, no dropout"], kept["train"]) for kept, _ in rounds],
        "training step, our layout / PyTorch's": [(kept["train, no layout"], kept["train"]) for kept, _ in rounds],
        "training step, all three / none": [(given["train, nothing"], kept["train"]) for kept, given in rounds],
        "the last four layers alone, our dropout / PyTorch's": [(k["fc, no dropout"], k["fc"]) for k, _ in rounds],
        "evaluation, memory kept / given back": [(given["eval"], kept["eval"]) for kept, given in rounds],
        "evaluation, our layout / PyTorch's": [(kept["eval, no layout"], kept["eval"]) for kept, _ in rounds],
        "evaluation, batches of 256 / of 1,024": [(kept["eval, large"], kept["eval"]) for kept, _ in rounds],
        "evaluation, all three / none": [(given["eval, nothing"], kept["eval"]) for kept, given in rounds],
    }
    rows = []
    for what, seconds in pairs.items():
        ratios = [slow / fast for slow, fast in seconds]
        rows.append({"what": what, "ratio": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)})
    lines = ["| what | ratio | spread |", "|---|---:|---:|"]
    lines += [f"| {r['what']} | {r['ratio']:.2f} | {r['lowest']:.2f} to {r['highest']:.2f} |" for r in rows]
    facts = machine_facts(torch.__version__, torch.get_num_threads(), choose_precision("auto", "cpu"), None)
    text = "\n".join([*lines, "", f"{count} rounds. {facts}"])
    print(text)
    if not options.quick:
        pd.DataFrame(rows).to_csv(HERE / "step.csv", index=False, float_format="%.3f")
        rewrite(HERE / "README.md", "step.py", text)


if __name__ == "__main__":
    main()
