"""What the README tells people to type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ecg
from ecg.commands import cli
from ecg.config.compose import compose

ROOT = Path(__file__).parents[1]
READMES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").glob("*/README.md")),
]


def commands(start: str) -> list[str]:
    blocks = [
        block
        for path in READMES
        for block in re.findall(r"```(?:bash)?\n(.*?)```", path.read_text(encoding="utf-8").replace("\\\n", " "), re.S)
    ]
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return sorted({line for line in lines if line.startswith(start)})


@pytest.mark.parametrize("line", [*commands("python train.py"), *commands("ecg train")])
def test_training_commands_compose(line: str) -> None:
    words = [word for word in shlex.split(line)[2:] if not word.startswith("-") and word != "job"]
    words = [word for word in words if not word.startswith("resume=")]
    jobs: list[list[str]] = [[]]
    for word in words:
        key, _, values = word.partition("=")
        if found := re.search(r"(?:interval|choice|range)\((.*?)\)", values):  # of a search
            values = found.group(1)
        each = [values] if values.startswith(("[", "{")) else values.split(",")
        jobs = [[*job, f"{key}={value}"] for job in jobs for value in each]
    for job in jobs:
        compose(*job).data()  # nothing is read yet


def test_python_is_spelt_as_it_runs() -> None:
    blocks = [
        block
        for path in READMES
        for block in re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.S)
    ]
    assert blocks
    for block in blocks:
        compile(block, "README", "exec")
        for room, name in re.findall(r"ecg\.(\w+)\.(\w+)", block):
            assert hasattr(getattr(ecg, room), name)
        for name in re.findall(r"ecg\.(\w+)\(", block):
            assert name in ecg.__all__


@pytest.mark.parametrize("line", [line for line in commands("ecg ") if not line.startswith("ecg train")])
def test_ecg_commands_know_their_options(line: str) -> None:
    _, command, *words = shlex.split(line)
    said = CliRunner().invoke(cli, [command, "--help"])
    assert said.exit_code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in said.stdout


def test_named_files_exist() -> None:
    for path in READMES:
        links = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8"))
        scripts = re.findall(r"python (experiments/\S+\.py)", path.read_text(encoding="utf-8"))
        for name in links:
            assert (path.parent / name).exists(), f"{path}: {name}"
        for name in scripts:
            assert (ROOT / name).exists(), f"{path}: {name}"


def test_every_group_has_its_place_among_the_settings() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    groups = {path.name for path in (ROOT / "conf").iterdir() if list(path.glob("*.yaml"))}
    assert set(re.findall(r"<!-- settings of (\w+) -->", text)) == groups


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
