"""Segmentations by name, with settings, or of one's own; a wrong one is answered with its key and the choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecg.beats.detected import segmented
from ecg.beats.segmentations import (
    SEGMENTATIONS,
    KaggleSegmentation,
    PaperSegmentation,
    RecordSegmentation,
    WholeRecordings,
    WindowSegmentation,
    make_segmentation,
    settings_of,
)
from ecg.config.compose import compose
from ecg.data import ArrhythmiaDataModule, MIDataModule
from ecg.errors import EcgError
from ecg.recordings.leads import with_leads
from ecg.recordings.recording import Recording

Here = Callable[..., Path]
OF_BEATS = [name for name, made in SEGMENTATIONS.items() if not isinstance(made(), WholeRecordings)]
"""Those that give a row for each beat."""
CHOICES = f"{', '.join(SEGMENTATIONS)}, or the import path of one of your own, e.g. my_package.mine"
OWN = '''
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ecg.beats.segmentations.base import annotated_beats


@dataclass(frozen=True)
class First:
    """The annotated beats, of which the first samples are all that is seen."""

    name: ClassVar[str] = "first"
    version: ClassVar[int] = 1
    leads: ClassVar[tuple[str, ...]] = ("MLII",)
    r_peak_s: ClassVar[float] = 0.0
    recording_fs: ClassVar[float] = 250.0
    fs: ClassVar[float] = 250.0
    samples: int = 8

    def shapes(self, leads):
        return {"signal": (leads, self.samples)}

    def __call__(self, recording):
        beats, _ = annotated_beats(recording)
        at = np.minimum(beats.sample[:, None] + np.arange(self.samples), recording.n_samples - 1)
        return replace(beats, inputs={"signal": recording.digital[:, at].transpose(1, 0, 2).astype(np.float32)})


ready = First(5)


class Plain:
    name, version, leads, r_peak_s, recording_fs, fs = "plain", 1, ("MLII",), 0.0, None, 250.0
    shapes = __call__ = lambda self, _: None
'''


@pytest.mark.parametrize(
    ("module", "name"),
    [*((MIDataModule, name) for name in SEGMENTATIONS), *((ArrhythmiaDataModule, name) for name in OF_BEATS)],
)
def test_every_segmentation_can_be_chosen_by_its_name(
    name: str, module: type[ArrhythmiaDataModule | MIDataModule]
) -> None:
    for wanted in (name, {"name": name}, SEGMENTATIONS[name]()):
        built = module(segmentation=wanted)
        assert type(built.segmentation) is SEGMENTATIONS[name]
        assert built.segmentation.name == name


@pytest.mark.parametrize("wanted", ["record", {"name": "record", "seconds": 8}, RecordSegmentation()])
def test_whole_recordings_are_refused_where_labels_are_those_of_beats(wanted: Any) -> None:
    said = (
        r"segmentation=record: gives one row for a whole recording, and the labels of dataset=arrhythmia are its "
        r"beats'; choose dataset=mi, or another segmentation$"
    )
    with pytest.raises(EcgError, match=rf"^{said}"):
        ArrhythmiaDataModule(segmentation=wanted)
    for typed in ("record", "{name:record,seconds:8}"):
        with pytest.raises(EcgError, match=rf"^dataset\.{said}"):
            compose(f"dataset.segmentation={typed}").data()


@pytest.mark.parametrize("dataset", ["arrhythmia", "mi"])
def test_a_segmentation_that_does_not_exist_is_answered_with_those_that_do(dataset: str) -> None:
    said = rf"segmentation=papr: choose one of {CHOICES}; did you mean paper\?$"
    with pytest.raises(EcgError, match=rf"^dataset\.{said}"):
        compose(f"dataset={dataset}", "dataset.segmentation=papr").data()
    module = {"arrhythmia": ArrhythmiaDataModule, "mi": MIDataModule}[dataset]
    with pytest.raises(EcgError, match=rf"^{said}"):
        module(segmentation="papr")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("{name:paper,threshold:1}", r"threshold=1: must be from 0 \(not included\) to 1 \(not included\)"),
        ("{name:paper,rate:5}", "rate=5: must be from 20 to 1000"),
        ("{name:paper,window_s:1}", "window_s=1: must be from 2 to 600"),
        ("{name:paper,beat_rr:0}", r"beat_rr=0: must be from 0 \(not included\) to 5"),
        ("{name:window,rate:80}", r"rate=80: must be from 80 \(not included\) to 1000"),
        ("{name:window,before_s:-1}", "before_s=-1: must be from 0 to 2"),
        ("{name:window,after_s:0}", "after_s=0: must be from 0.1 to 2"),
        ("{name:kaggle,scaling:mm}", "scaling=mm: choose one of minmax, mv, qrs"),
        ("{name:paper,scaling:mm}", "scaling=mm: choose one of minmax, mv, qrs"),
        ("{name:window,scaling:mm}", "scaling=mm: choose one of minmax, mv, qrs"),
    ],
)
def test_a_setting_of_a_segmentation_out_of_range_is_answered_with_its_key(typed: str, said: str) -> None:
    with pytest.raises(EcgError, match=rf"^dataset\.segmentation\.{said}$"):
        compose(f"dataset.segmentation={typed}").data()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("{name:paper,treshold:0.5}", r"\.treshold is no setting of paper: did you mean segmentation\.threshold"),
        ("{name:kaggle,rate:100}", r"\.rate is no setting of kaggle: settings: scaling"),
        ("{threshold:0.5}", r" has no name: .*\{name:paper,threshold:0.5\}"),
        ("{name:[paper]}", " has no name"),
        ("{name:null}", " has no name"),
        ("{name:paper,threshold:high}", r"\.threshold=high: must be from 0"),
        ("json.loads", r"=json\.loads: is no ecg\.beats\.segmentations\.Segmentation"),
        ("ecg.beats.segmentations", r"=.*: is no ecg\.beats\.segmentations\.Segmentation"),
        ("ecg_test_nowhere.Mine", "=.*: there is no module ecg_test_nowhere"),
    ],
)
def test_what_is_no_segmentation_is_refused_in_one_line_with_its_key(typed: str, said: str) -> None:
    with pytest.raises(EcgError, match=rf"^dataset\.segmentation{said}") as told:
        compose(f"dataset.segmentation={typed}").data()
    assert str(told.value).isprintable()


@dataclass(frozen=True)
class Nameless:
    """Lacks everything that a segmentation has."""


@pytest.mark.parametrize("wanted", [3, None, Nameless(), KaggleSegmentation])
def test_an_object_that_is_no_segmentation_is_refused(wanted: Any) -> None:
    with pytest.raises(EcgError, match=r"^segmentation=.*: is no ecg\.beats\.segmentations\.Segmentation"):
        make_segmentation(wanted)


def test_settings_reach_the_segmentation() -> None:
    assert make_segmentation({"name": "paper", "threshold": 0.8}) == PaperSegmentation(threshold=0.8)
    built = compose("dataset.segmentation={name:window,rate:250,before_s:0.2}").data()
    assert built.segmentation == WindowSegmentation(rate=250, before_s=0.2)


@pytest.mark.parametrize(
    "segmentation",
    [
        KaggleSegmentation(),
        PaperSegmentation(rate=100.0, scaling="qrs"),
        WindowSegmentation(after_s=0.4),
        RecordSegmentation(seconds=8.0),
    ],
    ids=lambda one: one.name,
)
def test_the_settings_of_a_segmentation_make_the_same_one(segmentation: Any) -> None:
    said = settings_of(segmentation)
    assert said["name"] == segmentation.name
    assert make_segmentation(said) == segmentation


def test_a_segmentation_of_ones_own_is_found_by_its_import_path(here: Here, simulated: list[Recording]) -> None:
    here("ecg_test_own", OWN)
    mine = make_segmentation({"name": "ecg_test_own.First", "samples": 6})
    assert settings_of(mine) == {"name": "ecg_test_own.First", "samples": 6}
    assert make_segmentation(settings_of(mine)) == mine
    assert make_segmentation("ecg_test_own.First").shapes(2) == {"signal": (2, 8)}
    assert make_segmentation("ecg_test_own.ready").shapes(1) == {"signal": (1, 5)}
    recording = with_leads(simulated[0], mine.leads)
    beats, place = segmented(recording, mine)
    assert beats.signal.shape == (len(beats), 1, 6)
    marks = recording.annotations
    assert marks is not None
    np.testing.assert_array_equal(beats.sample, marks.sample[place])  # though it has seen them at 250 Hz


def test_settings_for_one_of_ones_own_that_takes_none_are_refused(here: Here) -> None:
    here("ecg_test_own", OWN)
    with pytest.raises(EcgError, match=r"^segmentation\.samples is no setting of ecg_test_own\.ready: settings: none$"):
        make_segmentation({"name": "ecg_test_own.ready", "samples": 6})


def test_one_of_ones_own_that_cannot_say_its_settings_is_refused(here: Here) -> None:
    here("ecg_test_own", OWN)
    with pytest.raises(EcgError, match=r"is no .*Segmentation, which is a frozen dataclass"):
        make_segmentation("ecg_test_own.Plain")


def test_one_of_ones_own_with_a_registered_name_is_not_taken_for_that_one(here: Here) -> None:
    here("ecg_test_own", OWN.replace('"first"', '"kaggle"'))
    mine = make_segmentation("ecg_test_own.First")
    assert settings_of(mine)["name"] == "ecg_test_own.First"
