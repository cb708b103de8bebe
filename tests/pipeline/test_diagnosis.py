"""A run's patients: who is scored, by what, and that nobody's score comes from another patient."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ecg.beats.segmentations import record as whole_recordings
from ecg.beats.table import Beats
from ecg.data import ArrhythmiaDataModule, MIDataModule
from ecg.data.settings import Folds, Simulated
from ecg.metrics.diagnosis import (
    AGE,
    AGE_SEX,
    BESIDE,
    EXTERNAL,
    MODEL,
    TEST,
    TREES,
    best_threshold,
    columns_of,
    patient_table,
    scorers,
    scorers_of,
)
from ecg.metrics.diagnosis.scorers import log_odds
from ecg.models import LayeredModel, waves
from ecg.pipeline import diagnosis as made_by
from ecg.pipeline.diagnosis import diagnosis_table, labels_of, parts_of, patient_scores
from ecg.recordings.synthetic import write_mi
from ecg.report.diagnosis import diagnosis
from ecg.training.inference import probabilities

PATIENTS = 15
OTHERS = (0, 2, 5, 7)
"""Simulated infarctions that are told to be another disease; 1, 3, 6, 8, 11, 13 are healthy, the others have one."""
SICK = "Myocardial infarction"
ELSEWHERE = {"IMI": (4, "MI"), "NORM": (1, "normal"), "LVH": (0, "other")}
"""What a second database says of copies of three patients."""


def names(patients: Any) -> list[str]:
    return [f"patient{i:03d}" for i in sorted(patients)]


def header(folder: Path, patient: int) -> Path:
    (found,) = (folder / "ptbdb" / f"patient{patient:03d}").glob("*.hea")
    return found


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Growing them takes most of the time."""
    monkeypatch.setattr(scorers, "N_TREES", 15)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In ptbdb/ six healthy patients, five with an infarction, four with another disease; three more in ptb-xl/."""
    folder = tmp_path_factory.mktemp("data")
    write_mi(folder / "ptbdb", patients=PATIENTS, seconds=6, seed=2)
    base = folder / "ptb-xl"
    (base / "records500" / "00000").mkdir(parents=True)
    rows = []
    for i, (code, (patient, _)) in enumerate(ELSEWHERE.items(), 1):
        source, target = header(folder, patient), base / "records500" / "00000" / f"{i:05d}_hr"
        shutil.copy(source.with_suffix(".dat"), f"{target}.dat")
        Path(f"{target}.hea").write_text(source.read_text().replace(source.stem, target.name))
        about = {
            "scp_codes": str({code: 100.0}),
            "age": 70.0,
            "sex": 0,
            "filename_hr": f"records500/00000/{target.name}",
        }
        rows.append({"ecg_id": i, "patient_id": 10.0 + i, **about})
    pd.DataFrame(rows).to_csv(base / "ptbxl_database.csv", index=False)
    (base / "scp_statements.csv").write_text(
        ",description,diagnostic_class\nNORM,normal ECG,NORM\nIMI,inferior,MI\nLVH,hypertrophy,HYP\n"
    )
    for patient in range(PATIENTS):
        path = header(folder, patient)
        text = path.read_text().replace(SICK, "Cardiomyopathy") if patient in OTHERS else path.read_text()
        path.write_text(f"{text}# age: {40 + patient}\n# sex: {'female' if patient % 2 else 'male'}\n")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The same to be changed."""
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def ready(made: Path, cache: Path) -> Callable[..., MIDataModule]:
    def make(folder: Path = made, **changes: Any) -> MIDataModule:
        usual = {"external": ["ptb-xl"], "split": "patients", "val_fraction": 0.4, "beats_per_patient": 4}
        data = MIDataModule(**{**usual, "data_dir": folder, "cache_dir": cache, **changes})
        data.setup()
        return data

    return make


def tiny(data: MIDataModule, seed: int = 0) -> LayeredModel:
    """Weights as chance made them; large, so that probabilities differ."""
    torch.manual_seed(seed)
    if "measures" in data.shapes:
        return waves(inputs=data.shapes, n_classes=2).eval()
    leads, samples = data.shapes["signal"]
    head = nn.Sequential(nn.Flatten(), nn.Linear(leads * samples, 2))
    with torch.no_grad():
        head[1].weight.mul_(5)  # type: ignore[operator]
    return LayeredModel({"head": head}, inputs=data.shapes, n_classes=2)


def of_test_beats(data: MIDataModule, model: LayeredModel) -> np.ndarray:
    return probabilities(model, data.beats.take(data.split.test))


def table_of(data: MIDataModule, *, seed: int = 0) -> pd.DataFrame:
    model = tiny(data)
    found = diagnosis_table(data, model, of_test_beats(data, model), seed=seed)
    assert found is not None
    return found


def people_of(data: MIDataModule, *subsets: str) -> set[str]:
    return {str(name) for subset in subsets for name in data.beats.patient[data.split.subsets[subset]]}


def noisy(beats: Beats, whose: set[str]) -> Beats:
    """The same, but some patients' inputs are noise."""
    rng, rows = np.random.default_rng(0), np.isin(beats.patient, list(whose))
    inputs = {name: values.copy() for name, values in beats.inputs.items()}
    for values in inputs.values():
        values[rows] = rng.normal(size=values[rows].shape)
    return replace(beats, inputs=inputs)


@pytest.fixture(scope="module")
def data(ready: Callable[..., MIDataModule]) -> MIDataModule:
    return ready()


# who is scored


def test_test_patients_those_beside_them_and_those_of_other_databases_are_in_their_parts(data: MIDataModule) -> None:
    parts = parts_of(data)
    assert set(parts[TEST]) == people_of(data, "test")
    assert sorted(parts[BESIDE]) == names(OTHERS)
    assert sorted(parts[EXTERNAL]) == ["ptbxl-11", "ptbxl-12", "ptbxl-13"]
    assert all(len(own) == len(set(own)) for own in parts.values())


def test_only_who_is_in_a_class_has_a_class(data: MIDataModule) -> None:
    label = labels_of(data)
    healthy = names([1, 3, 6, 8, 11, 13])
    sick = names({*range(PATIENTS)} - {*OTHERS, 1, 3, 6, 8, 11, 13})
    assert label == {**dict.fromkeys(healthy, 0), **dict.fromkeys(sick, 1), "ptbxl-11": 1, "ptbxl-12": 0}


@pytest.mark.parametrize("changes", [{}, {"segmentation": "record", "leads": ["I", "II", "V5"]}])
def test_nobody_who_trained_or_validated_is_scored(ready: Callable[..., MIDataModule], changes: dict[str, Any]) -> None:
    data = ready(**changes)
    found = table_of(data)
    assert found.index.is_unique
    assert not set(found.index) & people_of(data, "train", "val")
    assert set(found.index[found["part"] == TEST]) == people_of(data, "test")
    assert len(found) == len(people_of(data, "test")) + len(OTHERS) + len(ELSEWHERE)
    for name in (MODEL, TREES, AGE_SEX, AGE):
        assert np.isfinite(found[name]).all()
        assert np.isfinite(found[f"threshold_{name}"]).all()


def test_the_table_says_who_each_patient_is(data: MIDataModule) -> None:
    found = table_of(data)
    for i, (_, said) in enumerate(ELSEWHERE.values(), 11):
        row = found.loc[f"ptbxl-{i}"]
        assert (row["database"], row["diagnosis"], row["age"], row["sex"]) == ("ptb-xl", said, 70.0, "male")
    assert found.loc["patient005", "age"] == 45
    assert found.loc[names(OTHERS), "label"].isna().all()
    own = found[found["part"] == TEST]
    assert (own["label"] == (own["diagnosis"] == "MI")).all()


@pytest.mark.parametrize("target", ["mi_vs_other", "mi_vs_all"])
def test_another_question_has_others_beside_it(ready: Callable[..., MIDataModule], target: str) -> None:
    found = table_of(ready(target=target))
    beside = found[found["part"] == BESIDE]
    assert set(beside["diagnosis"]) == ({"normal"} if target == "mi_vs_other" else set())
    external = {"ptbxl-11": 1.0, "ptbxl-12": nan if target == "mi_vs_other" else 0.0, "ptbxl-13": 0.0}
    assert found.loc[list(external), "label"].tolist() == pytest.approx(list(external.values()), nan_ok=True)


def test_where_patients_are_not_kept_apart_there_is_no_table(ready: Callable[..., MIDataModule]) -> None:
    data = ready(split="beats", val_fraction=0.2)
    model = tiny(data)
    assert diagnosis_table(data, model, of_test_beats(data, model), seed=0) is None


def test_where_the_label_is_the_beats_there_is_no_table(cache: Path) -> None:
    data = ArrhythmiaDataModule("synthetic", synthetic=Simulated(patients=6, minutes=0.5), cache_dir=cache)
    data.setup()
    nothing = torch.nn.Linear(1, 1)
    for found in (
        diagnosis_table(data, nothing, np.zeros((1, 5)), seed=0),  # type: ignore[arg-type]
        made_by.tested_patients(data, nothing, np.zeros((1, 5)), nan),  # type: ignore[arg-type]
    ):
        assert found is None


# the model's scores


def test_a_patients_score_is_the_log_odds_of_the_mean_over_all_its_beats() -> None:
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.7, 0.3]], dtype=np.float32)
    found = patient_scores(np.array(["b", "a", "b", "b"]), p)
    assert found == pytest.approx({"a": np.log(0.8 / 0.2), "b": np.log(0.3 / 0.7)}, rel=1e-5)


def test_scores_of_all_parts_are_the_models_own(data: MIDataModule) -> None:
    found, model = table_of(data), tiny(data)
    tables = {"own": data.beats, **data.beside}
    for patient in found.index:
        (beats,) = [one for one in tables.values() if (one.patient == patient).any()]
        own = beats.take(beats.patient == patient)
        assert len(own) == 4
        expected = log_odds(probabilities(model, own)[:, 1].astype(np.float64).mean())
        assert found.loc[patient, MODEL] == pytest.approx(float(expected), rel=1e-4)
    assert found[MODEL].std() > 0.1  # else equal scores would say nothing


@pytest.mark.parametrize("changes", [{}, {"segmentation": "record", "leads": ["I", "II", "V5"]}])
def test_the_records_of_a_patient_are_averaged(
    folder: Path, ready: Callable[..., MIDataModule], changes: dict[str, Any]
) -> None:
    for path in list((folder / "ptbdb" / "patient002").iterdir()):
        path.rename(folder / "ptbdb" / "patient000" / path.name)
    data = ready(folder, beats_per_patient=None, **changes)
    found, model = table_of(data), tiny(data)
    (beats,) = [one for one in data.beside.values() if (one.patient == "patient000").any()]
    own = beats.take(beats.patient == "patient000")
    assert set(own.record) == {"sim000", "sim002"}
    each = probabilities(model, own)[:, 1].astype(np.float64)
    assert each[own.record == "sim000"].mean() != pytest.approx(each[own.record == "sim002"].mean(), abs=1e-4)
    assert found.loc["patient000", MODEL] == pytest.approx(float(log_odds(each.mean())), rel=1e-4)
    assert "patient002" not in found.index
    trees = table_of(ready(**changes))[TREES]
    low, high = sorted([trees["patient000"], trees["patient002"]])
    assert low - 1e-9 <= found.loc["patient000", TREES] <= high + 1e-9
    assert found.loc["patient000", TREES] == pytest.approx((low + high) / 2)


def test_the_threshold_is_chosen_on_validation_patients(data: MIDataModule) -> None:
    model = tiny(data)
    val = np.sort(data.split.val)
    chosen = patient_scores(data.beats.patient[val], probabilities(model, data.beats.take(val)))
    target = np.array([data.people[patient].diagnosis == "MI" for patient in chosen], dtype=np.int64)
    assert set(target) == {0, 1}
    expected = best_threshold(np.array(list(chosen.values())), target, seed=3)
    assert table_of(data, seed=3)["threshold_model"].to_numpy() == pytest.approx(expected, rel=1e-4)


def test_without_validation_patients_the_threshold_is_even_odds(ready: Callable[..., MIDataModule]) -> None:
    found = table_of(ready(split="folds", folds=Folds(count=2), val_fraction=0))
    assert set(found["threshold_model"]) == {0.0}
    assert np.isfinite(found["threshold_trees"]).all()


def test_folds_test_every_patient_once_and_those_beside_and_elsewhere_each_time(
    ready: Callable[..., MIDataModule],
) -> None:
    tables = [table_of(ready(split="folds", folds=Folds(count=2, index=i), val_fraction=0)) for i in range(2)]
    own = [set(one.index[one["part"] == TEST]) for one in tables]
    assert not own[0] & own[1]
    assert sorted(own[0] | own[1]) == names({*range(PATIENTS)} - set(OTHERS))
    for part in (BESIDE, EXTERNAL):
        first, second = (one[one["part"] == part] for one in tables)
        assert first.index.tolist() == second.index.tolist()
        assert (first[MODEL] == second[MODEL]).all()  # the same weights here
        assert (first[TREES] != second[TREES]).any()


# nobody's score comes from others


def test_a_patients_scores_do_not_depend_on_beats_of_others_who_are_scored(
    ready: Callable[..., MIDataModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = ready()
    first = table_of(straight)
    mine, *_ = sorted(people_of(straight, "test"))
    others = set(first.index) - {mine, "patient000", "ptbxl-11"}
    data = ready()
    measured = data.measured()
    assert measured is not None
    monkeypatch.setattr(data, "measured", lambda: noisy(measured, others))
    data.beats = noisy(data.beats, others)
    data.beside = {name: noisy(beats, others) for name, beats in data.beside.items()}
    second = table_of(data)
    kept = [mine, "patient000", "ptbxl-11"]
    for name in (MODEL, TREES, AGE, AGE_SEX):
        np.testing.assert_allclose(second.loc[kept, name], first.loc[kept, name], rtol=1e-5)
        assert (second[f"threshold_{name}"] == first[f"threshold_{name}"]).all()
    for name in (MODEL, TREES):
        assert (second.loc[sorted(others), name] != first.loc[sorted(others), name]).any()


def test_a_database_elsewhere_moves_no_score_of_the_own_patients(ready: Callable[..., MIDataModule]) -> None:
    with_it, without = table_of(ready()), table_of(ready(external=[]))
    assert set(with_it.index) - set(without.index) == {"ptbxl-11", "ptbxl-12", "ptbxl-13"}
    columns = [name for name in without if name not in ("part", "database", "diagnosis", "sex")]
    np.testing.assert_allclose(with_it.loc[without.index, columns], without[columns], rtol=1e-5)


def test_the_same_seed_gives_the_same_table(data: MIDataModule) -> None:
    pd.testing.assert_frame_equal(table_of(data, seed=1), table_of(data, seed=1))
    assert (table_of(data, seed=1)[TREES] != table_of(data, seed=2)[TREES]).any()


# trees on wave measurements


def test_trees_see_measures_and_no_samples(ready: Callable[..., MIDataModule], monkeypatch: pytest.MonkeyPatch) -> None:
    data = ready()
    first = table_of(data)
    measured = data.measured()
    assert measured is not None
    inputs = {**measured.inputs, "signal": np.zeros_like(measured.signal)}
    monkeypatch.setattr(data, "measured", lambda: replace(measured, inputs=inputs))
    assert (table_of(data)[TREES] == first[TREES]).all()


def test_trees_of_single_beats_and_of_whole_recordings_of_the_same_lead_are_the_same(
    ready: Callable[..., MIDataModule],
) -> None:
    beats, whole = table_of(ready()), table_of(ready(segmentation="record", leads=["II"]))
    np.testing.assert_allclose(beats[TREES], whole.loc[beats.index, TREES])
    assert (beats["threshold_trees"] == whole["threshold_trees"]).all()


def test_where_no_waves_can_be_measured_there_are_no_trees(
    ready: Callable[..., MIDataModule],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(whole_recordings, "SLOWEST_HZ", 5000.0)
    data = ready()
    monkeypatch.setattr(data, "cache", tmp_path)
    with caplog.at_level(logging.WARNING):
        found = table_of(data)
    assert "no wave measurements: none of the " in caplog.text
    assert TREES not in found
    assert set(found) >= {MODEL, AGE_SEX, AGE}


def without_measurements(data: MIDataModule, monkeypatch: pytest.MonkeyPatch, whose: set[str]) -> pd.DataFrame:
    """The table where some patients' recordings could not be measured."""
    measured = data.measured()
    assert measured is not None
    monkeypatch.setattr(data, "measured", lambda: measured.take(~np.isin(measured.patient, list(whose))))
    return table_of(data)


def test_patients_who_cannot_be_measured_have_no_score_of_trees_alone(
    ready: Callable[..., MIDataModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ready()
    mine = sorted(people_of(data, "test"))[0]
    found = without_measurements(data, monkeypatch, {mine, "patient005"})
    assert sorted(found.index[found[TREES].isna()]) == sorted([mine, "patient005"])
    assert np.isfinite(found[MODEL]).all()


def test_trees_that_would_learn_from_one_class_alone_are_not_grown(
    ready: Callable[..., MIDataModule], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ready()
    sick = {name for name in people_of(data, "train", "val") if data.people[name].diagnosis == "MI"}
    found = without_measurements(data, monkeypatch, sick)
    assert found[TREES].isna().all()
    assert np.isfinite(found[AGE]).all()


# age and sex


def test_age_alone_is_the_age(data: MIDataModule) -> None:
    found = table_of(data)
    assert (found[AGE] == found["age"]).all()


def test_age_and_sex_are_those_of_training_patients_and_rise_with_what_they_have(
    ready: Callable[..., MIDataModule],
) -> None:
    data = ready()
    data.people = {
        name: replace(who, age=70.0 if who.diagnosis == "MI" else 50.0, sex="male") for name, who in data.people.items()
    }
    found = table_of(data)
    assert found.loc[found["diagnosis"] == "MI", AGE_SEX].min() > found.loc[found["diagnosis"] != "MI", AGE_SEX].max()
    assert 50 < found["threshold_age_alone"].iloc[0] < 70


def test_where_nobody_has_an_age_nothing_is_compared_with_it(ready: Callable[..., MIDataModule]) -> None:
    data = ready()
    data.people = {name: replace(who, age=nan) for name, who in data.people.items()}
    found = table_of(data)
    assert scorers_of(found) == [MODEL, TREES]
    assert not {AGE_SEX, "threshold_age_alone"} & set(found)


def with_an_unknown_age(data: MIDataModule) -> str:
    """The test patient whose age is not known from here on."""
    mine = sorted(people_of(data, "test"))[0]
    data.people = {name: replace(who, age=nan if name == mine else who.age) for name, who in data.people.items()}
    return mine


def test_an_unknown_age_is_that_of_the_middle_of_the_training_patients(ready: Callable[..., MIDataModule]) -> None:
    data = ready()
    mine = with_an_unknown_age(data)
    ages = [data.people[name].age for name in people_of(data, "train", "val")]
    assert table_of(data).loc[mine, AGE] == np.median(ages)


def test_nobody_whose_age_is_unknown_is_matched_by_the_age_that_was_put_in_its_place(
    ready: Callable[..., MIDataModule],
) -> None:
    data = ready()
    mine = with_an_unknown_age(data)
    own = columns_of([table_of(data)], (TEST,))
    assert own is not None
    assert own.people["age"].isna()[mine]


def test_ages_of_test_patients_alone_compare_with_nothing_and_do_no_harm(ready: Callable[..., MIDataModule]) -> None:
    data = ready()
    trained = people_of(data, "train", "val")
    data.people = {name: replace(who, age=nan if name in trained else who.age) for name, who in data.people.items()}
    found = table_of(data)
    assert "threshold_age_alone" not in found
    assert diagnosis([found], [found], data.classes, replicates=0, seed=0) is not None


def test_a_database_without_ages_is_compared_with_none(ready: Callable[..., MIDataModule]) -> None:
    data = ready()
    data.people = {
        name: replace(who, age=who.age if who.database == "ptbdb" else nan) for name, who in data.people.items()
    }
    found = table_of(data)
    made = diagnosis([found], [found], data.classes, replicates=0, seed=0)
    assert made is not None
    assert "diagnosis/ptb-xl/model/auroc" in made.metrics
    assert "diagnosis/ptb-xl/age_alone/auroc" not in made.metrics


# weights that are tested and not trained


def test_tested_weights_stand_beside_age_alone_with_the_threshold_of_their_training(data: MIDataModule) -> None:
    model = tiny(data)
    found = made_by.tested_patients(data, model, of_test_beats(data, model), 0.7)
    assert found is not None
    trained = table_of(data)
    assert found.index.tolist() == trained.index.tolist()
    pd.testing.assert_series_equal(found[MODEL], trained[MODEL])
    assert set(found["threshold_model"]) == {0.7}
    assert (found[AGE] == found["age"]).all()
    assert found["threshold_age_alone"].isna().all()
    assert not {TREES, AGE_SEX} & set(found)


def test_tested_patients_without_any_age_have_no_column_of_it(ready: Callable[..., MIDataModule]) -> None:
    data = ready()
    data.people = {name: replace(who, age=nan) for name, who in data.people.items()}
    model = tiny(data)
    found = made_by.tested_patients(data, model, of_test_beats(data, model), nan)
    assert found is not None
    assert scorers_of(found) == [MODEL]
    assert found["threshold_model"].isna().all()


def test_the_table_can_be_made_again_from_its_parts(data: MIDataModule) -> None:
    found = table_of(data)
    again = patient_table(parts_of(data), data.people, labels_of(data), {})
    pd.testing.assert_frame_equal(found[list(again)], again)


@pytest.mark.parametrize(("leads", "views"), [(["II"], 13), (["I", "II"], 1)])
def test_trees_see_a_recording_of_one_lead_measured_several_times(
    ready: Callable[..., MIDataModule], leads: list[str], views: int
) -> None:
    data = ready(segmentation="record", leads=leads)
    measured = data.measured()
    assert measured is not None
    assert len(measured) == views * (len(data.beats) + sum(len(beats) for beats in data.beside.values()))
    _, rows = np.unique(measured.record, return_counts=True)
    assert set(rows) == {views}
