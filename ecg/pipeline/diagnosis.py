"""A run's patients: what the model says of each, beside trees on wave measurements and the patient's age and sex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ecg.beats.table import Beats
from ecg.data.module import BeatData
from ecg.metrics.confusion import FloatArray
from ecg.metrics.diagnosis import (
    AGE,
    AGE_SEX,
    BESIDE,
    EXTERNAL,
    MODEL,
    TEST,
    TREES,
    PatientScores,
    best_threshold,
    patient_table,
)
from ecg.metrics.diagnosis.scorers import Fit, fit_logistic, fit_nothing, fit_trees, fitted_scores, log_odds
from ecg.models import LayeredModel
from ecg.recordings.databases.diagnosis import FEMALE
from ecg.training.inference import probabilities

Names = npt.NDArray[np.str_]
THRESHOLD = "diagnosis/threshold"
"""Key of the model's threshold, in log odds, in metrics.json and in the weights."""


@dataclass(frozen=True)
class Rows:
    """What a baseline sees: features, and whose they are.

    Attributes:
        x: shape [row, feature].
        patient: shape [row].
    """

    x: FloatArray
    patient: Names


def diagnosis_table(
    data: BeatData, model: LayeredModel, tested: npt.NDArray[np.floating], *, seed: int
) -> pd.DataFrame | None:
    """One row per patient, with the scores of the model and of the baselines.

    Args:
        data: divided.
        model: with its best weights.
        tested: its probabilities of the test beats, shape [beat, class].
        seed: of trees and thresholds.

    Returns:
        None where the label is no diagnosis of known patients, or patients are not kept apart.
    """
    if not data.people or not data.split.by_patient:
        return None
    label = labels_of(data)
    train = np.unique(data.beats.patient[np.concatenate([data.split.train, data.split.val])])
    scored = {MODEL: _of_model(data, model, tested, label, seed)}
    measured = data.measured()
    if measured is not None:
        rows = Rows(_features(measured), measured.patient)
        scored[TREES] = _fitted(fit_trees, rows, train, label, seed)
    scored |= _of_age(data, train, label, seed)
    return patient_table(parts_of(data), data.people, label, scored)


def tested_patients(
    data: BeatData, model: LayeredModel, tested: npt.NDArray[np.floating], threshold: float
) -> pd.DataFrame | None:
    """The same for weights that are tested and not trained, beside age alone.

    Args:
        data: whose test beats are tested.
        model: with its weights.
        tested: its probabilities of the test beats, shape [beat, class].
        threshold: what was chosen in its training; NaN where nobody did.
    """
    if not data.people:
        return None
    scored = {MODEL: PatientScores(_scores_of(data, model, tested), threshold)}
    ages = {patient: who.age for patient, who in data.people.items()}
    if np.isfinite(list(ages.values())).any():
        scored[AGE] = PatientScores(ages, float("nan"))
    return patient_table(parts_of(data), data.people, labels_of(data), scored)


def labels_of(data: BeatData) -> dict[str, int]:
    """Class number by patient; who is in no class is absent."""
    tables = (data.beats, *data.beside.values())
    pairs = (pair for table in tables for pair in zip(table.patient.tolist(), table.y.tolist(), strict=True))
    return {str(patient): int(y) for patient, y in pairs if y >= 0}


def parts_of(data: BeatData) -> dict[str, list[str]]:
    """Test patients, those beside them, and those of databases that trained nothing."""
    parts = {TEST: np.unique(data.beats.patient[data.split.test]).tolist(), BESIDE: [], EXTERNAL: []}
    for beats in data.beside.values():
        for patient in np.unique(beats.patient).tolist():
            inside = data.people[patient].database in data.info.databases
            parts[BESIDE if inside else EXTERNAL].append(patient)
    return parts


def patient_scores(patient: Names, probability: npt.NDArray[np.floating]) -> dict[str, float]:
    """Log odds of each patient's mean probability of the second class, over all of the patient's beats."""
    names, member = np.unique(patient, return_inverse=True)
    mean = np.bincount(member, probability[:, 1].astype(np.float64)) / np.bincount(member)
    return dict(zip(names.tolist(), log_odds(mean).tolist(), strict=True))


def _scores_of(data: BeatData, model: LayeredModel, tested: npt.NDArray[np.floating]) -> dict[str, float]:
    """Of the test patients and of everybody beside them."""
    found = patient_scores(data.beats.patient[data.split.test], tested)
    for beats in data.beside.values():
        found |= patient_scores(beats.patient, probabilities(model, beats, doing="testing beside them"))
    return found


def _of_model(
    data: BeatData, model: LayeredModel, tested: npt.NDArray[np.floating], label: dict[str, int], seed: int
) -> PatientScores:
    """The threshold is chosen on validation patients, whose scores no weight was fitted to; without any: even odds."""
    found = _scores_of(data, model, tested)
    if not len(data.split.val):
        return PatientScores(found, 0.0)
    val = np.sort(data.split.val)
    chosen = patient_scores(data.beats.patient[val], probabilities(model, data.beats, index=val, doing="validating"))
    target = np.array([label[patient] for patient in chosen])
    return PatientScores(found, best_threshold(np.array(list(chosen.values())), target, seed=seed))


def _features(measured: Beats) -> FloatArray:
    own = [values.reshape(len(measured), -1) for name, values in sorted(measured.inputs.items()) if name != "signal"]
    return np.concatenate(own, axis=1).astype(np.float64)


def _of_age(data: BeatData, train: Names, label: dict[str, int], seed: int) -> dict[str, PatientScores]:
    """Age and sex by a logistic regression, and age as it is; an unknown age is the training patients' median.

    Nobody of a database that states no ages has a score.
    """
    aged = {who.database for who in data.people.values() if np.isfinite(who.age)}
    names = np.array([name for name, who in data.people.items() if who.database in aged])
    age = np.array([data.people[name].age for name in names.tolist()])
    if not np.isfinite(age[np.isin(names, train)]).any():
        return {}
    age = np.where(np.isfinite(age), age, np.nanmedian(age[np.isin(names, train)]))
    female = np.array([float(data.people[name].sex == FEMALE) for name in names.tolist()])
    both = Rows(np.stack([age, female], axis=1), names)
    alone = Rows(age[:, None], names)
    return {
        AGE_SEX: _fitted(fit_logistic, both, train, label, seed),
        AGE: _fitted(fit_nothing, alone, train, label, seed),
    }


def _fitted(fit: Fit, rows: Rows, train: Names, label: dict[str, int], seed: int) -> PatientScores:
    """Scores of all patients who do not train: the mean over a patient's rows."""
    learns = np.isin(rows.patient, train)
    y = np.array([label[patient] for patient in rows.patient[learns].tolist()], dtype=np.int64)
    if len(np.unique(y)) < 2:  # none of a class could be measured
        return PatientScores({}, float("nan"))
    own, other = rows.patient[learns], rows.patient[~learns]
    score, threshold = fitted_scores(fit, rows.x[learns], y, own, rows.x[~learns], seed=seed)
    names, member = np.unique(other, return_inverse=True)
    mean = np.bincount(member, score) / np.bincount(member)
    return PatientScores(dict(zip(names.tolist(), mean.tolist(), strict=True)), threshold)
