"""What beats are made of: segmentation with its settings, databases and leads, each slip answered in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecg.beats.segmentations import PaperSegmentation, WindowSegmentation
from ecg.config.compose import compose
from ecg.config.hints import VALUES
from ecg.data import ArrhythmiaDataModule, arrhythmia, mi
from ecg.errors import EcgError
from ecg.pipeline import run
from ecg.recordings.databases import DATABASES, BeatDatabase, DiagnosisDatabase
from ecg.runs.job import Job

ALL = "kaggle, paper, window, context, record"
DIAGNOSED = "ludb, ptbdb, ptb-xl"
OWN = "or the import path of one of your own, e.g. my_package.mine"


def refused(*overrides: str) -> str:
    """What a person reads before any data is read."""
    with pytest.raises(EcgError) as told:
        compose(*overrides, "cache_dir=/nowhere", "data_dir=/nowhere").data()
    assert str(told.value).isprintable(), told.value  # so it is one line, too
    return str(told.value)


@pytest.mark.parametrize(
    ("override", "made"),
    [
        ("dataset.segmentation=paper", PaperSegmentation()),
        ("dataset.segmentation={name:paper}", PaperSegmentation()),
        ("dataset.segmentation={name:paper,threshold:0.8}", PaperSegmentation(threshold=0.8)),
        ("dataset.segmentation={name:window,rate:100,before_s:0}", WindowSegmentation(rate=100, before_s=0)),
        ("++dataset.segmentation={name:window}", WindowSegmentation()),
    ],
)
@pytest.mark.parametrize("task", ["arrhythmia", "mi"])
def test_a_segmentation_is_named_alone_or_with_its_settings(task: str, override: str, made: object) -> None:
    assert compose(f"dataset={task}", override).data().segmentation == made


@pytest.mark.parametrize("task", ["arrhythmia", "mi"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("papr", f"=papr: choose one of {ALL}, {OWN}; did you mean paper?"),
        ("{name:papr,threshold:0.8}", f"=papr: choose one of {ALL}, {OWN}; did you mean paper?"),
        ("{name:'',threshold:0.8}", f"=: choose one of {ALL}, {OWN}"),
        (
            "{name:paper,thresold:0.8}",
            ".thresold is no setting of paper: did you mean segmentation.threshold? "
            "settings: rate, window_s, threshold, beat_rr, scaling",
        ),
        ("{name:paper,lead:2}", ".lead is no setting of paper: settings: rate, window_s, threshold, beat_rr, scaling"),
        ("{name:kaggle,rate:100}", ".rate is no setting of kaggle: settings: scaling"),
        ("{name:paper,threshold:1}", ".threshold=1: must be from 0 (not included) to 1 (not included)"),
        ("{name:paper,threshold:high}", ".threshold=high: must be from 0 (not included) to 1 (not included)"),
        ("{name:paper,threshold:[0.8]}", ".threshold=[0.8]: must be from 0 (not included) to 1 (not included)"),
        ("{name:paper,threshold:true}", ".threshold=True: must be from 0 (not included) to 1 (not included)"),
        ("{name:paper,window_s:null}", ".window_s=None: must be from 2 to 600"),
        ("{name:window,after_s:3}", ".after_s=3: must be from 0.1 to 2"),
        ("{threshold:0.8}", " has no name: write it with its settings, e.g. {name:paper,threshold:0.8}"),
        ("{name:[paper]}", " has no name: write it with its settings, e.g. {name:paper}"),
        ("[paper]", "=['paper']: must be text or settings of its own (key=value)"),
        ("3", "=3: must be text or settings of its own (key=value)"),
        ("null", "=null: must be text or settings of its own (key=value)"),
    ],
)
def test_a_slip_within_a_segmentation_is_answered_with_the_nearest_choice(task: str, value: str, said: str) -> None:
    assert refused(f"dataset={task}", f"dataset.segmentation={value}") == f"dataset.segmentation{said}"


def test_a_setting_below_the_name_of_a_segmentation_says_how_the_two_are_written() -> None:
    said = refused("dataset.segmentation=paper", "dataset.segmentation.threshold=0.8")
    assert said.endswith("e.g. {name:paper,threshold:0.8}")


@pytest.mark.parametrize(
    ("overrides", "databases"),
    [
        (["dataset.databases=[svdb]"], ["svdb"]),
        (["dataset.databases=[svdb,mitdb]"], ["svdb", "mitdb"]),
        ([], ["mitdb"]),
        (["dataset=mi"], ["ptbdb"]),
        (["dataset=mi", "dataset.databases=[ptb-xl]"], ["ptb-xl"]),
        (["dataset=mi", "dataset.databases=[ptbdb,ptb-xl]"], ["ptbdb", "ptb-xl"]),
    ],
)
def test_databases_are_those_that_are_named_in_that_order(overrides: list[str], databases: list[str]) -> None:
    assert list(compose(*overrides).data().source.databases) == databases


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["dataset.databases=[svb]"], f"=svb: choose one of mitdb, svdb, {OWN}; did you mean svdb?"),
        (["dataset.databases=[mitdb,edb]"], f"=edb: choose one of mitdb, svdb, {OWN}"),
        (["dataset.databases=[ptb-xl]"], f"=ptb-xl: choose one of mitdb, svdb, {OWN}"),
        (["dataset=mi", "dataset.databases=[mitdb]"], f"=mitdb: choose one of {DIAGNOSED}, {OWN}"),
        (["dataset=mi", "dataset.databases=[ptbxl]"], f"=ptbxl: choose one of {DIAGNOSED}, {OWN}; did you mean ptb"),
        (["dataset.databases=[]"], "=[]: name one or more of mitdb, svdb"),
        (["dataset=mi", "dataset.databases=[]"], f"=[]: name one or more of {DIAGNOSED}"),
        (["dataset.databases=[mitdb,svdb,mitdb]"], "=[mitdb, svdb, mitdb]: names one twice"),
        (["dataset=mi", "dataset.databases=[ptb-xl,ptb-xl]"], "=[ptb-xl, ptb-xl]: names one twice"),
        (["dataset.databases=svdb"], "=svdb: must be a list, e.g. [a,b]"),
        (["dataset.databases=null"], "=null: must be a list, e.g. [a,b]"),
        (["dataset.databases=[ecg.models.cnn]"], "=ecg.models.cnn: is no ecg.recordings.databases.BeatDatabase"),
    ],
)
def test_a_database_that_cannot_be_had_is_answered_with_those_that_can(overrides: list[str], said: str) -> None:
    assert refused(*overrides).startswith(f"dataset.databases{said}")


def test_a_module_made_in_python_refuses_a_name_where_a_list_is_wanted() -> None:
    with pytest.raises(EcgError, match=r"^databases=svdb: must be a list, e\.g\. \[svdb\]$"):
        ArrhythmiaDataModule(databases="svdb")


SOURCES = {"arrhythmia": arrhythmia.SOURCES, "mi": mi.SOURCES}


@pytest.mark.parametrize(
    ("task", "value", "way"),
    [
        ("mi", "ptb-xl", "dataset.databases=[ptb-xl]"),
        ("mi", "both", "dataset.databases=[ptbdb,ptb-xl]"),
        ("mi", "ptbdb", "dataset.databases=[ptbdb]"),
        ("arrhythmia", "mitdb", "dataset.databases=[mitdb]"),
        ("arrhythmia", "svdb", "dataset.databases=[svdb]"),
    ],
)
def test_a_database_where_a_source_is_wanted_is_answered_with_its_setting(task: str, value: str, way: str) -> None:
    said = refused(f"dataset={task}", f"dataset.source={value}")
    assert said == f"dataset.source={value}: write {way}; choose one of {', '.join(SOURCES[task])}"
    assert compose(f"dataset={task}", way).data().source.name == "physionet"  # the way is one


def test_every_database_of_labels_is_answered_where_a_source_is_wanted() -> None:
    labelled = {name for name, one in DATABASES.items() if isinstance(one, BeatDatabase | DiagnosisDatabase)}
    assert {value for key, value in VALUES if key == "dataset.source"} == {*labelled, "both"}


@pytest.mark.parametrize(
    ("overrides", "leads", "shape"),
    [
        ([], ("first",), (1, 187)),
        (["dataset.segmentation=paper"], ("MLII|II|V5",), (1, 187)),
        (["dataset.segmentation=window"], ("MLII|II|first",), (1, 102)),
        (["dataset=mi"], ("II",), (1, 187)),
        (["dataset.leads=[V1]"], ("V1",), (1, 187)),
        (["dataset.leads=[MLII|II,V1]"], ("MLII|II", "V1"), (2, 187)),
        (["dataset=mi", "dataset.leads=[II,V1,V5]", "dataset.segmentation=window"], ("II", "V1", "V5"), (3, 102)),
    ],
)
def test_leads_are_the_rows_of_a_beat(overrides: list[str], leads: tuple[str, ...], shape: tuple[int, int]) -> None:
    data = compose(*overrides).data()
    assert (data.leads, data.shapes["signal"]) == (leads, shape)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def simulated(cache: Path, *overrides: str) -> ArrhythmiaDataModule:
    typed = ("dataset.source=synthetic", "dataset.synthetic.patients=5", "dataset.synthetic.minutes=0.5")
    data: ArrhythmiaDataModule = compose(*typed, f"cache_dir={cache}", *overrides).data()
    return data


def test_two_leads_are_two_signals_and_their_order_is_the_settings(cache: Path) -> None:
    both, turned = (simulated(cache, f"dataset.leads=[{leads}]") for leads in ("MLII,V5", "V5,MLII"))
    for data in (both, turned):
        data.setup()
    assert (both.info.wanted, both.info.leads, both.info.shape) == (("MLII", "V5"), ("MLII+V5",), (2, 187))
    assert (both.beats.signal == turned.beats.signal[:, ::-1]).all()
    assert not (both.beats.signal == turned.beats.signal).all()


def test_a_lead_that_a_record_has_not_is_named_with_those_it_has(cache: Path) -> None:
    with pytest.raises(EcgError, match=r"^record sim000.*V9.*MLII, V5") as told:
        simulated(cache, "dataset.leads=[V9]").setup()
    assert str(told.value).isprintable()


def test_a_model_of_inputs_that_the_beats_lack_is_refused_before_any_data_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr("ecg.data.module.BeatData.prepare_data", read.append)
    out, cache = tmp_path / "out", tmp_path / "cache"
    for segmentation in ("kaggle", "paper", "{name:paper,threshold:0.8}"):
        typed = (f"dataset.segmentation={segmentation}", "model=sequence", "logger=none", "trainer=cpu")
        config = compose(*typed, f"output_dir={out}", f"cache_dir={cache}", f"data_dir={tmp_path / 'none'}")
        with pytest.raises(EcgError) as told:
            run(config, Job(out / "run"))
        assert str(told.value) == "model=sequence needs the input rhythm; choose dataset.segmentation=window"
    assert not read
    assert not cache.exists()
    assert not list(out.glob("**/*.yaml"))
