"""Settings of a person's own recordings: what is wrong is said before anything is read."""

from __future__ import annotations

import pytest

from ecg.config.compose import compose
from ecg.errors import EcgError


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["dataset.classes=[N]"], "dataset.classes={N: [N]}: name two or more"),
        (["dataset.classes=[N,N]"], "dataset.classes=[N,N]: names one twice"),
        (["dataset.classes={N: N, V: [V]}"], "dataset.classes.N=N: must be a list of labels, e.g. [N]"),
        (["dataset.classes={N: [N], V: []}"], "dataset.classes.V=[]: must be a list"),
        (["dataset.classes={N: [N], V: [N]}"], "the label N is in N and in V"),
        (["dataset.classes={N: [N], V: [V]}", "dataset.left_out=[V]"], "the label V is in left_out too"),
        (["dataset.left_out=V"], "dataset.left_out=V: must be a list"),
        (["dataset.labels=foo.bar"], "dataset.labels=foo.bar: must be csv"),
        (["dataset.labels=xlsx"], "dataset.labels=xlsx: must be csv"),
        (["dataset.patients=p"], "dataset.patients=p: choose from_name"),
        (["dataset.leads=[II,V5]"], "dataset.leads=[II,V5]: one lead"),
        (["dataset.unit=mmHg"], "dataset.unit=mmHg: choose one of mV"),
        (["dataset.fs=0"], "dataset.fs=0: must be"),
        (["dataset.split=kaggle"], "dataset.split=kaggle: choose one of"),
        (["dataset.recordings=null"], "dataset.recordings"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_read(given: list[str], words: str) -> None:
    with pytest.raises(EcgError) as error:
        compose("dataset=own", "dataset.recordings=nowhere", *given).data()
    assert words in str(error.value)


@pytest.mark.parametrize("given", [["dataset.classes={0: [0], 1: [1]}"], ["dataset.classes=[0,1]"],
                                   ["dataset.patients='(p[0-9]+)'"], ["dataset.split=auto"],
                                   ["dataset.classes={N: [N], Q: [/, f, Q]}"]])  # fmt: skip
def test_settings_that_a_command_line_takes(given: list[str]) -> None:
    assert compose("dataset=own", "dataset.recordings=nowhere", *given).data().dataset == "own"
