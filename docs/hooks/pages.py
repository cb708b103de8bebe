"""Pages that live elsewhere in the repository, beside what they are about, as part of the site."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT, DOCS = Path(__file__).parents[2], Path(__file__).parents[1]
PATTERNS = (
    "experiments/*/README.md", "experiments/*/*.png", "experiments/*/figures/*.png", "experiments/sweeps/*.yaml",
    "ecg/weights/*.md", "examples/README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE",
)  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them under the paths that they have in the repository, so that their links hold in both."""
    for pattern in PATTERNS:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """On the site, docs/ is not a folder of its own: what lies beside it in the repository is below it."""
    return markdown.replace("](../", "](") if Path(page.file.src_dir or "") == DOCS else markdown
