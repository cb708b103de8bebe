"""Do the tests notice a change of the code? Writes mutants.csv, results.csv, survivors.csv and the tables in README.md.

    pip install 'cosmic-ray>=8.7,<9'
    OMP_NUM_THREADS=1 python experiments/mutation/run.py --work path/to/an/empty/folder

Of each module in `MODULES` some places are drawn; at each, one mutation of cosmic-ray's is put into a copy of the
repository, and the tests that mirror the module run until the first failure, each time in a process of its own.
`--again` tries those once more that mutants.csv says were not noticed: tests that were added take no kill back.
Needs Linux or macOS: the process is a fork of one that has imported what takes long, and nothing of ecg.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from importlib import import_module
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, settings
from modules import MODULES, SLOW_IMPORTS
from mutants import Change, drawn, places, same

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START, END = "<!-- written by run.py -->", "<!-- end of what run.py writes -->"
COPIED = ("ecg", "tests", "conf", "docs", "examples", "pyproject.toml", "README.md", "CONTRIBUTING.md", "train.py")
MEMORY = 16 * 2**30
"""Address space of a test process in bytes: a mutated size must not take the machine along."""
ASLEEP_S = 1800
"""Tests that wait for what never comes end after so many seconds."""
KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"
CHANGE = ["operator", "before", "after"]
COLUMNS = ["module", "places", "line", *CHANGE, "first", "result"]
"""`first` is the result when the mutant was drawn, `result` the latest."""
WORDS = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-o", "addopts=--import-mode=importlib"]


def copied(work: Path) -> Path:
    """The repository as it is, compiled, in a folder of its own."""
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tree)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(tree / "ecg")], check=True)
    return tree


def tested(tree: Path, module: str, limit_s: int) -> tuple[str, float]:
    """What the tests say of the tree, and the processor's time that they took, in s, `limit_s` at most."""
    began, done, status, took_s = time.monotonic(), 0, 0, 0.0
    child = os.fork()
    if not child:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
        os._exit(_pytest(tree, module))
    try:
        while not done and time.monotonic() - began < ASLEEP_S:
            done, status, used = os.wait4(child, os.WNOHANG)
            took_s = used.ru_utime + used.ru_stime
            time.sleep(0.02)
    finally:
        if not done:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
    over = not done or (os.WIFSIGNALED(status) and took_s >= limit_s - 1)
    return TIMEOUT if over else KILLED if status else SURVIVED, took_s


def _pytest(tree: Path, module: str) -> int:
    """Run in the fork: pytest's exit code."""
    try:
        os.chdir(tree)
        os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(tree))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
        log = os.open(tree.parent / "pytest.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = pytest.main([*WORDS, f"--basetemp={tree.parent / 'tmp'}", *MODULES[module]])
        own = sys.modules.get(module.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
        if code == 0 and (own is None or not str(own.__file__).startswith(str(tree))):
            print(f"the tests do not import {module} of the copy")
            return 99
        return int(code)
    except BaseException as error:  # the fork must not go on as its parent
        print(error)
        return 98


def tried(tree: Path, module: str, chosen: list[tuple[int, Change, str]]) -> list[str]:
    """What became of each mutant of a module."""
    path, results = tree / module, list[str]()
    code = path.read_text(encoding="utf-8")
    result, whole_s = tested(tree, module, 600)
    if result != SURVIVED:
        raise SystemExit(f"{module}: its tests fail without a mutation, see {tree.parent / 'pytest.log'}")
    for stale in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        stale.unlink()
    try:
        for _, _, mutated in chosen:
            path.write_text(mutated, encoding="utf-8")
            results.append(tested(tree, module, round(3 * whole_s) + 10)[0])
    finally:
        path.write_text(code, encoding="utf-8")
    print(f"{module}: {results.count(SURVIVED)} of {len(results)} survived, tests {whole_s:.1f} s", flush=True)
    return results


def first(tree: Path, module: str, most: int, seed: int) -> pd.DataFrame:
    """A row for each mutant that is drawn, `most` at most."""
    code = (tree / module).read_text(encoding="utf-8")
    count = len({(place.operator.split("_")[0], place.start, place.stop) for place in places(code)})
    chosen = list(islice(drawn(code, random.Random(f"{seed} {module}")), most))
    rows = pd.DataFrame([{"line": line, **asdict(change)} for line, change, _ in chosen])
    results = tried(tree, module, chosen)
    return rows.assign(module=module, places=count, first=results, result=results)[COLUMNS]


def again(tree: Path, module: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, with the latest result of each mutant that was not noticed and can be; what is no more is left out."""
    open_ = (rows["result"] != KILLED) & (reasons(rows) == "")
    wanted = {Change(*row) for row in rows.loc[open_, CHANGE].itertuples(index=False, name=None)}
    if not wanted:
        return rows
    chosen = list(same((tree / module).read_text(encoding="utf-8"), wanted))
    pairs = zip(chosen, tried(tree, module, chosen), strict=True)
    found = {change: result for (_, change, _), result in sorted(pairs, key=lambda one: one[1] != KILLED)}
    changes = [Change(*row) for row in rows[CHANGE].itertuples(index=False, name=None)]
    results = [found.get(one) if there else old for one, there, old in zip(changes, open_, rows["result"], strict=True)]
    return rows.assign(result=pd.Series(results, index=rows.index)).dropna(subset="result")


def reasons(rows: pd.DataFrame) -> pd.Series[str]:
    """Why nobody needs to notice a mutant, by equivalent.csv; else empty."""
    known = pd.read_csv(HERE / "equivalent.csv", dtype=str, keep_default_na=False)
    why = known.set_index(["module", "before", "after"])["why"].to_dict()
    keys = zip(rows["module"], rows["before"], rows["after"], strict=True)
    return pd.Series([why.get(key, "") for key in keys], index=rows.index, dtype=str)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a module, and all together."""
    told = reasons(rows) != ""
    marks = pd.DataFrame(
        {
            "module": rows["module"],
            "tried": 1,
            "unnoticed at first": (rows["first"] == SURVIVED) & ~told,
            "killed": rows["result"] == KILLED,
            "timeout": rows["result"] == TIMEOUT,
            "equivalent": (rows["result"] == SURVIVED) & told,
            "survived": (rows["result"] == SURVIVED) & ~told,
        }
    )
    counts = marks.groupby("module", sort=False).sum().astype(int)
    counts.insert(0, "places", rows.groupby("module", sort=False)["places"].first())
    counts.loc["all"] = counts.sum()
    return counts.reset_index()


def markdown(frame: pd.DataFrame) -> list[str]:
    """As a table; what is code stands between backticks."""
    lines = [f"| {' | '.join(frame.columns)} |", "|" + "|".join("---" for _ in frame.columns) + "|"]
    for row in frame.to_dict("records"):
        cells = (f"`` {x} ``" if x and name in ("before", "after") else str(x) for name, x in row.items())
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return lines


def write(rows: pd.DataFrame) -> None:
    """The files and the README's tables."""
    rows = rows.sort_values("module", kind="stable", key=lambda column: column.map([*MODULES].index))
    rows.to_csv(HERE / "mutants.csv", index=False)
    results = table(rows)
    results.to_csv(HERE / "results.csv", index=False)
    kept = rows[rows["result"] == SURVIVED]
    survivors = kept[["module", "line", *CHANGE]].assign(why=reasons(kept))
    survivors.to_csv(HERE / "survivors.csv", index=False)
    shown = [*markdown(results), "", *markdown(survivors.drop(columns="operator"))]
    readme = HERE / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    readme.write_text(f"{before}{START}\n" + "\n".join(shown) + f"\n{END}{rest.split(END)[1]}", encoding="utf-8")


def prepared() -> None:
    """Import what takes long, and have hypothesis draw the same examples each time, keep none and shrink none."""
    for name in SLOW_IMPORTS:
        import_module(name)
    phases, checks = (Phase.explicit, Phase.generate), list(HealthCheck)
    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, phases=phases, suppress_health_check=checks
    )
    settings.load_profile("mutants")
    gc.freeze()  # what is shared with the forks is not looked through in each of them


def main() -> None:
    """Mutate the modules one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--most", type=int, default=20, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="modules whose path this pattern finds; the rows of others stay")
    parser.add_argument("--again", action="store_true", help="only what was not noticed before")
    asked = parser.parse_args()
    prepared()
    tree, file = copied(asked.work.resolve()), HERE / "mutants.csv"
    rows = pd.read_csv(file, keep_default_na=False) if file.exists() else pd.DataFrame(columns=COLUMNS)
    for module in (module for module in MODULES if re.search(asked.only, module)):
        own, others = rows[rows["module"] == module], rows[rows["module"] != module]
        if asked.again and not len(own):
            continue
        new = again(tree, module, own) if asked.again else first(tree, module, asked.most, asked.seed)
        rows = pd.concat([others, new]) if len(others) else new
        write(rows)


if __name__ == "__main__":
    main()
