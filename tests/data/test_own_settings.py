"""Settings of a person's own recordings: what is wrong is said before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from ecg.checks import BadSettingError
from ecg.config.compose import compose
from ecg.data import OwnDataModule
from ecg.errors import EcgError


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"classes": {"N": ["N"]}}, "classes={N: [N]}: name two or more"),
        ({"classes": ["N"]}, "classes={N: [N]}: name two or more"),
        ({"classes": ["N", "N"]}, "classes=[N,N]: names one twice"),
        ({"classes": "N"}, "classes=N: must be labels of each class"),
        ({"classes": {"N": "N", "V": ["V"]}}, "classes.N=N: must be a list of labels, e.g. [N]"),
        ({"classes": {"N": ["N"], "V": []}}, "classes.V=[]: must be a list"),
        ({"classes": {"N": ["N"], "V": None}}, "classes.V=None: must be a list"),
        ({"classes": {"N": ["N"], "V": ["N"]}}, "classes: the label N is in N and in V"),
        ({"classes": {"a": [1], "b": [2]}, "left_out": [2]}, "classes.b: the label 2 is in left_out too"),
        ({"left_out": "V"}, "left_out=V: must be a list"),
        ({"labels": "foo.bar"}, "labels=foo.bar: must be csv"),
        ({"labels": "xlsx"}, "labels=xlsx: must be csv"),
        ({"patients": "p"}, "patients=p: choose from_name"),
        ({"leads": ["II", "V5"]}, "leads=[II,V5]: one lead"),
        ({"leads": []}, "leads=[]: one lead"),
        ({"unit": "mmHg"}, "unit=mmHg: choose one of mV"),
        ({"fs": 0}, "fs=0: must be"),
        ({"split": "kaggle"}, "split=kaggle: choose one of"),
        ({"val_fraction": 0.7}, "val_fraction=0.7: must be"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_read(given: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSettingError) as error:
        OwnDataModule("nowhere", **given)
    assert str(error.value).startswith(words)


def test_a_command_line_without_recordings_or_with_a_wrong_class() -> None:
    with pytest.raises(EcgError, match=r"^dataset\.recordings must be set"):
        compose("dataset=own").data()
    with pytest.raises(EcgError, match=r"^dataset\.classes=\{N: \[N\]\}: name two or more"):
        compose("dataset=own", "dataset.recordings=nowhere", "dataset.classes={N: [N]}").data()


@pytest.mark.parametrize(
    ("given", "classes"),
    [
        ("dataset.classes={0: [0], 1: [1]}", ("0", "1")),
        ("dataset.classes=[0,1]", ("0", "1")),
        ("dataset.classes={N: [N], Q: [/, f, Q]}", ("N", "Q")),
    ],
)
def test_settings_that_a_command_line_takes(given: str, classes: tuple[str, ...]) -> None:
    more = ("dataset.patients='(p[0-9]+)'", "dataset.split=auto", "dataset.left_out=['?',5]")
    assert compose("dataset=own", "dataset.recordings=nowhere", given, *more).data().classes == classes


def test_all_of_a_persons_recordings_may_share_patients() -> None:
    assert OwnDataModule("here").databases == OwnDataModule("there").databases == {"own"}
