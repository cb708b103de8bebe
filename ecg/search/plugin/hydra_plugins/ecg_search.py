"""Where Hydra looks for plugins: in the package `hydra_plugins` of every folder on Python's path."""

from __future__ import annotations

from ecg.search.sweeper import Search


class SearchSweeper(Search):
    """`ecg.search.sweeper.Search` under the only kind of name by which Hydra takes it."""
