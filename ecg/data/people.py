"""Who was recorded, as far as a diagnosis depends on it, and which question is asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

from ecg.recordings.databases.diagnosis import INFARCTION, NORMAL, OTHER


@dataclass(frozen=True)
class Person:
    """A patient.

    Attributes:
        database: short name.
        diagnosis: `normal`, `MI` or `other`; of a patient with several, MI before other before normal.
        age: in years, the mean over the patient's records; NaN where nobody says.
        sex: `female`, `male`, or empty.
    """

    database: str
    diagnosis: str
    age: float = nan
    sex: str = ""


@dataclass(frozen=True)
class Target:
    """A question of two classes.

    Attributes:
        classes: names, the second is the infarction.
        negative: diagnoses of the first class. What is in neither class is tested beside them, and never trained.
    """

    classes: tuple[str, str]
    negative: tuple[str, ...]

    def number(self, diagnosis: str) -> int | None:
        """Class number of a diagnosis; None: it is in neither class."""
        return 1 if diagnosis == INFARCTION else 0 if diagnosis in self.negative else None


NOT_MI = "not MI"

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "mi_vs_normal": Target((NORMAL, INFARCTION), (NORMAL,)),
        "mi_vs_other": Target((OTHER, INFARCTION), (OTHER,)),
        "mi_vs_all": Target((NOT_MI, INFARCTION), (NORMAL, OTHER)),
    }
)
"""Every question by the name that `dataset.target` takes."""
