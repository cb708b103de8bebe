"""How fast is `python train.py`, and everything around it? Writes results.csv and the table in README.md.

python experiments/speed/measure.py --data-dir path/to/data
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import startup
from results import Row, absolute, compared, machine_facts, markdown, write

HERE = Path(__file__).parent
BEATS_S = "beats/s"
LIBRARIES = ("torch", "pytorch_lightning")


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        repeats: counted rounds of each comparison.
        steps, warmup: training steps per value, and how many of them do not count.
        beats: training beats of the comparison with the published study.
        starts: processes started per value.
        memory_batches: training batches of the run whose memory is measured.
    """

    repeats: int = 3
    steps: int = 60
    warmup: int = 10
    beats: int = 12_800
    starts: int = 5
    memory_batches: int = 20


QUICK = Sizes(repeats=1, steps=4, warmup=2, beats=1024, starts=1, memory_batches=2)


def processes(data_dir: Path, cache: Path, sizes: Sizes) -> list[Row]:
    """Whole processes: raw files to first batch, start and memory. Leaves prepared beats in `cache`."""
    cold = []
    for _ in range(min(sizes.starts, 3)):
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(startup.data_seconds(data_dir, cache))
    warm = [startup.data_seconds(data_dir, cache) for _ in range(sizes.starts)]
    rows = []
    for what, seconds, target in (("no cache", cold, ""), ("cached", warm, "< 1")):
        name = f"raw files to first batch, {what}"
        rows.append(absolute(name, [s["data"] for s in seconds], unit="s", target=target))
        rows.append(absolute(f"{name}, whole process with imports", [s["whole"] for s in seconds], unit="s"))
    helped = [startup.help_seconds() for _ in range(sizes.starts)]
    alone = {module: [startup.import_seconds(module) for _ in range(sizes.starts)] for module in LIBRARIES}
    started = [startup.first_batch_seconds(data_dir, cache) for _ in range(sizes.starts)]
    peak = startup.peak_gigabytes(data_dir, cache, sizes.memory_batches)
    return [
        *rows,
        absolute("`ecg --help`, best", helped, unit="s", target="< 0.5", best=True),
        *[absolute(f"a process that imports {module} alone", seconds, unit="s") for module, seconds in alone.items()],
        absolute("`python train.py` to the end of its first step, cached", started, unit="s", target="<= 3"),
        absolute("peak memory of a whole `python train.py`", [peak], unit="GB", target="< 2"),
    ]


def throughput(data_dir: Path, cache: Path, sizes: Sizes) -> tuple[list[Row], str]:
    """Training loops in this process, and the machine's facts."""
    import loops
    import torch

    from ecg.config.compose import compose
    from ecg.training.processor import choose_precision

    load = os.getloadavg()[0]
    given = [f"data_dir={data_dir}", f"cache_dir={cache}", "dataset.split=kaggle", "trainer.accelerator=cpu"]
    config = compose(*given)
    data = config.data()
    data.prepare_data()
    data.setup()
    precision = choose_precision("auto", "cpu")
    measured = {"unit": BEATS_S, "repeats": sizes.repeats}
    run = {"data": data, "steps": sizes.steps, "warmup": sizes.warmup}
    rows = []
    plain = loops.without_extras(config)
    for what, c, target in (("as train.py", config, ">= 0.95"), ("no augmentation, no moving average", plain, "")):
        sides = [partial(side, c, **run) for side in (loops.our_steps, loops.bare_steps)]
        rows.append(compared(f"our loop / bare loop, cnn, {what}", *sides, **measured, target=target))
    rows += [small_model(model, given, sizes) for model in OTHERS]
    for model in ("cnn", "kachuee"):
        named = compose(*given, f"model={model}")
        sides = [partial(loops.our_steps, loops.with_precision(named, p), **run) for p in ("bf16-mixed", "32-true")]
        target = ">= 1" if precision == "bf16-mixed" else "<= 1"
        rows.append(compared(f"bf16-mixed / 32-true, our loop, {model}", *sides, **measured, target=target))
    few = loops.subset(data, sizes.beats)
    sides = [partial(loop, config, few) for loop in (loops.our_epoch, loops.published_epoch)]
    rows.append(compared("our epoch / the published study's, cnn", *sides, **measured, target=">= 2"))
    return rows, machine_facts(torch.__version__, torch.get_num_threads(), precision, load)


OTHERS = {
    "compact": ("experiment=compact", "callbacks.easy_beats=null"),
    "context": ("experiment=new_patients", "dataset.databases=[mitdb]", "dataset.mixture.cinc2017=0"),
}
"""Models whose steps are short, as they are trained, but for what a plain loop has no counterpart of."""


def small_model(model: str, given: Sequence[str], sizes: Sizes) -> Row:
    """Our loop beside the bare one."""
    import loops

    from ecg.config.compose import compose

    config = compose(*OTHERS[model], *[one for one in given if not one.startswith("dataset.")])
    data = config.data()
    data.prepare_data()
    data.setup()
    data.serve(loops.fresh(config, data))
    steps = min(sizes.steps * (4 if model == "compact" else 1), len(data.train_dataloader()))
    run = {"data": data, "steps": steps, "warmup": sizes.warmup}
    sides = [partial(side, config, **run) for side in (loops.our_steps, loops.bare_steps)]
    how = {"unit": BEATS_S, "repeats": sizes.repeats, "target": ">= 0.95"}
    return compared(f"our loop / bare loop, {model}, as it is trained", *sides, **how)


def main() -> None:
    """Measure everything; takes about twelve minutes on two cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True, help="holds mitdb/, the recordings of MIT-BIH")
    parser.add_argument("--quick", action="store_true", help="only see that it runs; nothing is kept")
    parser.add_argument("--small", action="store_true", help="only compact and context, nine rounds; nothing is kept")
    options = parser.parse_args()
    sizes = QUICK if options.quick else Sizes()
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load > 0.2 * cores:
        print(f"warning: load {load:.1f} on {cores} cores: something else is running, so the numbers mean little")
    data_dir = options.data_dir.resolve()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        if options.small:
            given = [f"data_dir={data_dir}", f"cache_dir={cache}", "trainer.accelerator=cpu"]
            print(markdown([small_model(model, given, Sizes(repeats=9)) for model in OTHERS]))
            return
        # The processes come first, from a parent that has loaded nothing: a child's peak memory counts from the fork.
        rows = processes(data_dir, cache, sizes)
        more, machine = throughput(data_dir, cache, sizes)
        rows = [*more, *rows]
        print(f"\n{markdown(rows)}\n\n{machine}")
        out = HERE
        if options.quick:
            out = Path(folder)
            shutil.copy(HERE / "README.md", out)
        write(rows, machine, out)


if __name__ == "__main__":
    main()
