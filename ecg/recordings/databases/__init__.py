"""Databases: each one file with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ecg.recordings.databases.base import BeatDatabase, Database, DiagnosisDatabase, Dominant
from ecg.recordings.databases.cinc2017 import CINC2017
from ecg.recordings.databases.ludb import LUDB
from ecg.recordings.databases.mitdb import MITDB
from ecg.recordings.databases.nstdb import NSTDB
from ecg.recordings.databases.ptbdb import PTBDB
from ecg.recordings.databases.ptbxl import PTBXL
from ecg.recordings.databases.svdb import SVDB

DATABASES: Mapping[str, Database] = MappingProxyType(
    {one.name: one for one in (MITDB, SVDB, LUDB, NSTDB, CINC2017, PTBDB, PTBXL)}
)
"""Every database by its short name, which is also that of its folder below the data folder."""

__all__ = ["DATABASES", "BeatDatabase", "Database", "DiagnosisDatabase", "Dominant", "dominants"]


def dominants(databases: Iterable[str]) -> tuple[Dominant, ...]:
    """The records of these databases, by name, that hold most beats of a class."""
    found = (DATABASES.get(name) for name in databases)
    return tuple(one for database in found if isinstance(database, BeatDatabase) for one in database.dominant)
