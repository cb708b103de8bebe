"""The parts of the README that scripts write."""

from __future__ import annotations

from pathlib import Path

from ecg.atomic import whole_file


def rewrite(readme: Path, script: str, content: str) -> None:
    """Replace what stands between the two marks of a script."""
    start, end = f"<!-- written by {script} -->", f"<!-- end of what {script} writes -->"
    text = readme.read_text(encoding="utf-8")
    before, after = text[: text.index(start)], text[text.index(end) :]
    with whole_file(readme) as temporary:
        temporary.write_text(f"{before}{start}\n{content}\n{after}", encoding="utf-8")
