"""Searches for settings by validation: a space, a sweeper, and what came of it."""

from __future__ import annotations

import sys
from pathlib import Path

PLUGIN = Path(__file__).parent / "plugin"


def register() -> None:
    """Let Hydra find the sweeper, which conf/hydra/sweeper/search.yaml names."""
    if str(PLUGIN) not in sys.path:
        sys.path.append(str(PLUGIN))
