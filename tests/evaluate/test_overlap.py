"""Who trained, counted on planted trainings."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from ecg.beats.splits import LEAK_LINE
from ecg.beats.table import Beats
from ecg.data import ArrhythmiaDataModule, BeatData, MIDataModule
from ecg.data import arrhythmia as arrhythmia_module
from ecg.data import mi as mi_module
from ecg.data.settings import Simulated
from ecg.evaluate.describe import overlap_sentence, split_notes, weights_notes
from ecg.evaluate.overlap import Overlap, overlap, training_marks
from ecg.recordings.checksum import sha256
from ecg.recordings.databases import DATABASES
from ecg.recordings.databases.mitdb import MITDB
from ecg.runs.lineage import Training, trainings
from ecg.runs.weights import Weights, describe_weights

MITDB_ALONE = frozenset({"mitdb"})
OWN = Training(
    title="arrhythmia, source physionet, segmentation kaggle, split patients",
    dataset="arrhythmia",
    simulated=False,
    databases=MITDB_ALONE,
    letters={"100": "TTVE", "101": "EE--", "102": "VVVV"},
    patients=frozenset({"100"}),
)


def beats(**counts: int) -> Beats:
    """So many beats of each record `r100` ..., one patient a record; `r` alone stands for the unknown."""
    record = np.concatenate([np.full(n, name[1:]) for name, n in counts.items()])
    n = len(record)
    none = np.zeros(n, dtype=np.float32)
    return Beats(
        inputs={"signal": np.zeros((n, 1, 4), dtype=np.float32)},
        y=np.zeros(n, dtype=np.int64),
        record=record,
        patient=record,
        database=np.full(n, "mitdb"),
        lead=np.full(n, "MLII"),
        sample=np.arange(n),
        seconds=np.arange(n, dtype=np.float64),
        symbol=np.full(n, "N"),
        rr_before=none,
        rr_after=none,
    )


def data(
    table: Beats,
    *,
    dataset: str = "arrhythmia",
    databases: frozenset[str] = MITDB_ALONE,
    simulated: bool = False,
    shared: tuple[str, ...] = (),
    most: int | None = None,
    whole: Beats | None = None,
) -> BeatData:
    """As much of a data module as counting needs."""
    source = SimpleNamespace(
        prepare=lambda segmentation, leads, cache: SimpleNamespace(beats=whole), simulated=simulated
    )
    parts: dict[str, Any] = {"beats": table, "split": SimpleNamespace(shared=shared), "beats_per_patient": most}
    parts |= {
        "source": source,
        "segmentation": None,
        "leads": (),
        "cache": None,
        "info": SimpleNamespace(source="physionet"),
    }
    parts |= {"dataset": dataset, "databases": databases}
    return cast(BeatData, SimpleNamespace(**parts))


def count(table: Beats, *trained: Training, **more: Any) -> Overlap:
    return overlap(trained, data(table, **more), np.arange(len(table)))


def test_letters_are_laid_over_the_beats_of_each_record() -> None:
    table = beats(r101=4, r100=4, r103=2)
    assert training_marks([OWN], data(table)).tolist() == ["", "", "", "", "T", "T", "V", "", "", ""]
    found = count(table, OWN)
    assert (found.beats, found.validation, found.records, found.patients) == (2, 1, 1, 1)
    assert (found.of_beats, found.of_records, found.of_patients) == (10, 3, 3)
    assert found.loud


def test_only_the_evaluated_beats_count() -> None:
    table = beats(r100=4, r101=4)
    found = overlap([OWN], data(table), np.array([1, 2, 4]))
    assert (found.beats, found.validation, found.of_beats) == (1, 1, 3)


def test_a_record_with_another_number_of_beats_counts_as_a_whole() -> None:
    found = count(beats(r100=5, r101=5, r102=5), OWN)
    assert (found.beats, found.at_most, found.records) == (5, True, 1)
    assert "up to 5 of the 15 evaluated beats" in overlap_sentence(found, [OWN])


def test_trainings_add_up_and_training_outweighs_validation() -> None:
    source = replace(OWN, letters={"100": "EETT", "101": "T---"}, patients=frozenset({"100", "101"}))
    for pair in ([OWN, source], [source, OWN]):
        found = count(beats(r100=4, r101=4), *pair)
        assert (found.beats, found.validation, found.records, found.patients) == (5, 0, 2, 2)


def test_thinning_is_undone_before_letters_are_laid_over() -> None:
    whole = beats(r100=10, r101=3)
    own = replace(OWN, letters={"100": "TV", "101": "TE"}, beats_per_patient=2)  # the first and the last of each
    everything = training_marks([own], data(whole, whole=whole))
    assert "".join(mark or "." for mark in everything) == "T........VT.."
    thinned = whole.take(np.array([0, 4, 9, 10, 11, 12]))  # as beats_per_patient=3 leaves them
    assert training_marks([own], data(thinned, most=3, whole=whole)).tolist() == ["T", "", "V", "T", "", ""]


def test_another_database_shares_nobody() -> None:
    own = replace(OWN, dataset="mi", databases=frozenset({"ptb-xl"}))
    ptb = MIDataModule().databases
    found = count(beats(r100=4), own, dataset="mi", databases=ptb)  # a record of the same name
    assert found.elsewhere
    assert not found.loud
    assert found.new_patients
    assert overlap_sentence(found, [own]).startswith("No patient in common")
    both = MIDataModule(databases=["ptbdb", "ptb-xl"]).databases
    assert count(beats(r100=4), own, dataset="mi", databases=both).beats == 2


def test_a_subject_that_the_split_names_itself_is_no_alarm() -> None:
    own = replace(OWN, letters={"201": "TTT"}, patients=frozenset({"201"}))
    table = replace(beats(r202=3), patient=np.full(3, "201"))
    found = count(table, own, shared=("201",))
    assert (found.beats, found.patients, found.expected) == (0, 1, 1)
    assert found.new_patients
    assert not found.loud
    assert "as the standard split has it" in overlap_sentence(found, [own])
    assert count(table, own).loud


def test_rows_of_unknown_patients_cannot_be_told_from_recordings_of_the_same_database() -> None:
    kaggle = ArrhythmiaDataModule(source="kaggle").databases
    rows = beats(rmitbih_test=3)
    rows = replace(rows, patient=np.full(3, ""))
    found = count(rows, OWN, databases=kaggle)
    assert (found.beats, found.records, found.patients) == (None, None, None)
    assert found.loud
    assert "cannot be known" in overlap_sentence(found, [OWN])
    trained_on_rows = replace(OWN, letters={"mitbih_train.csv": "TTT"}, patients=frozenset())
    assert count(beats(r100=4), trained_on_rows).unknown
    same = replace(OWN, letters={"mitbih_test": "EEV"}, patients=frozenset())
    found = count(rows, same, databases=kaggle)
    assert (found.beats, found.validation, found.patients) == (0, 1, None)
    assert not found.new_patients


def test_real_and_simulated_hearts_are_different_ones() -> None:
    alone = Training("a title", "mi", simulated=True, databases=None, unknown="it stands alone")
    assert count(beats(rpatient001=2), alone, dataset="mi").elsewhere
    assert count(beats(rpatient001=2), alone, dataset="mi", simulated=True).unknown == "it stands alone"


def test_every_source_says_whose_hearts_it_holds() -> None:
    """A source that says nothing would share nobody with any other, and no overlap would be found."""
    made = {
        (kind.dataset, source): kind(source=source).databases
        for kind, sources in ((ArrhythmiaDataModule, arrhythmia_module.SOURCES), (MIDataModule, mi_module.SOURCES))
        for source in sources
    }
    for source in ("physionet", "kaggle", "sample"):
        assert made["arrhythmia", source] == MITDB_ALONE, source
    assert made["mi", "physionet"] == made["mi", "kaggle"] == {"ptbdb"}
    for (dataset, source), hearts in made.items():
        assert hearts, (dataset, source)
        assert (hearts <= set(DATABASES)) == (source != "synthetic"), (dataset, source)


@pytest.mark.parametrize(
    ("kind", "names"), [(ArrhythmiaDataModule, ("mitdb", "svdb")), (MIDataModule, ("ptbdb", "ptb-xl"))]
)
def test_databases_that_are_named_are_whose_hearts_these_are(
    kind: type[ArrhythmiaDataModule] | type[MIDataModule], names: tuple[str, str]
) -> None:
    for some in (names, names[:1], names[1:]):
        assert kind(databases=list(some)).databases == set(some)


def test_simulated_patients_of_another_seed_or_task_are_others() -> None:
    one, other = (ArrhythmiaDataModule(source="synthetic", synthetic=Simulated(seed=seed)) for seed in (0, 1))
    longer = ArrhythmiaDataModule(source="synthetic", synthetic=Simulated(minutes=7))
    assert not one.databases & other.databases
    assert not one.databases & MIDataModule(source="synthetic").databases
    assert one.databases == longer.databases


@pytest.fixture
def origin(by_patient: Path, by_beat: Path, tmp_path: Path) -> Callable[..., Weights]:
    """The weights of `by_patient` as if layers had been taken from `by_beat`; words replace those of transfer.json."""

    def write(**words: str) -> Weights:
        for name in ("config.yaml", "split.json", "weights.safetensors"):
            (tmp_path / name).write_bytes((by_patient / name).read_bytes())
        source = by_beat / "weights.safetensors"
        said = {"source": str(source), "sha256": sha256(source), "trained_on": describe_weights(source).info.title}
        (tmp_path / "transfer.json").write_text(json.dumps(said | words))
        return cast(Weights, describe_weights(tmp_path))

    return write


def test_what_the_source_of_a_transfer_trained_on_counts_as_well(
    origin: Callable[..., Weights], by_patient: Path, by_beat: Path
) -> None:
    own, source = trainings(origin())
    assert own.letters == json.loads((by_patient / "split.json").read_text())["beats"]
    assert source.letters == json.loads((by_beat / "split.json").read_text())["beats"]


@pytest.mark.parametrize(
    ("words", "reason"), [({"source": "/gone/weights.safetensors"}, "is gone"), ({"sha256": "0"}, "has changed since")]
)
def test_a_source_that_is_not_what_it_was_leaves_a_doubt(
    words: dict[str, str], reason: str, origin: Callable[..., Weights]
) -> None:
    _, source = trainings(origin(**words))
    assert source.letters is None
    assert reason in source.unknown
    assert source.may_share(ArrhythmiaDataModule(source="synthetic"))
    assert not source.may_share(ArrhythmiaDataModule())
    assert not source.may_share(MIDataModule(source="synthetic"))


def test_notes_that_the_count_contradicts_are_left_out() -> None:
    given = (LEAK_LINE, MITDB.split_note, "Tested on fold 0.")
    elsewhere = Overlap(9, 2, 2, elsewhere=True)
    assert split_notes(given, elsewhere, subset="test") == ("Tested on fold 0.",)
    standard = Overlap(9, 2, 2, patients=1, expected=1)
    assert split_notes(given, standard, subset="test") == (MITDB.split_note, "Tested on fold 0.")
    unknown = Overlap(9, None, None, beats=None, patients=None, unknown="why")
    assert split_notes(given, unknown, subset="test") == (LEAK_LINE, "Tested on fold 0.")
    assert split_notes(given, unknown, subset="all") == ()


def test_other_leads_and_simulated_weights_are_said() -> None:
    info = SimpleNamespace(simulated=True, leads=("ii",))
    weights = cast(Weights, SimpleNamespace(info=info))
    assert weights_notes(weights, ["II"], simulated=True) == ()
    said = weights_notes(weights, ["II", "V5"], simulated=False)
    assert "SIMULATED" in said[0]
    assert said[1] == "Evaluated in lead V5; the weights were trained on ii."
