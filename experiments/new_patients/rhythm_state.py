"""Fit the logistic regressions that tell atrial fibrillation or flutter from other rhythms; they ship with ecg.

    python experiments/new_patients/rhythm_state.py --data-dir path/to/data [--look-at-ds2]

Learnt from MIT-BIH's DS1 (rhythm annotations) and the Challenge 2017 recordings (one label each); svdb and DS2 are not
used, so that scores on them stay honest. `--look-at-ds2` prints the AUROC on DS2: write each look down in README.md.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from ecg.atomic import whole_file
from ecg.beats.detected import find_beats, segmented
from ecg.beats.features import FEATURES, fibrillation
from ecg.beats.features.fibrillation import LIMIT, REACHES, Regression, log_odds, stretches
from ecg.beats.segmentations import ContextSegmentation
from ecg.beats.segmentations.context import TEMPLATE
from ecg.beats.segmentations.window import RHYTHM
from ecg.recordings.databases.cinc2017 import CINC2017
from ecg.recordings.databases.mitdb import DS1, DS2, MITDB
from ecg.recordings.leads import with_leads
from ecg.recordings.rhythms import FIBRILLATION, rhythms_at

PURE = 0.95
"""Share of a stretch's beats that must be in one rhythm."""
PENALTY = 1 / 0.02
MASS = {"mitdb": 1.0, "A": 1.0, "N": 0.5, "O": 0.5}


@dataclass(frozen=True)
class Example:
    """One recording's stretches, by reach: features [stretch, feature], truth [stretch], NaN where mixed."""

    record: str
    kind: str
    middle: dict[int, npt.NDArray[np.int64]]
    features: dict[int, npt.NDArray[np.float32]]
    truth: dict[int, npt.NDArray[np.float64]]
    beats: npt.NDArray[np.bool_]  # in fibrillation, by beat


def mitdb_example(data_dir: Path, record: str) -> Example:
    """Stretches of one MIT-BIH record."""
    recording = with_leads(MITDB.read(data_dir / "mitdb", record), ContextSegmentation.leads)
    beats, _ = segmented(recording, ContextSegmentation())
    assert recording.annotations is not None
    truth = np.isin(rhythms_at(recording.annotations, beats.sample), FIBRILLATION)
    return example(record, "mitdb", beats, truth)


def challenge_example(header: Path, label: str) -> Example | None:
    """Stretches of one Challenge recording; None where it cannot be used."""
    record, recording = header.stem, CINC2017.read(header)
    found = find_beats(replace(recording, annotations=None), ContextSegmentation(), ("first",)).beats
    if found is None or len(found) < 12:
        return None
    return example(record, label, found, np.full(len(found), label == "A"))


def example(record: str, kind: str, beats, truth) -> Example:  # type: ignore[no-untyped-def]
    """What can be learnt from these beats."""
    names = [one.name for one in FEATURES[RHYTHM]]
    rr, following = (
        np.exp(beats.inputs[RHYTHM][:, names.index(one)].astype(np.float64)) for one in ("before", "after")
    )
    wave, typical = beats.signal[:, 0], beats.inputs[TEMPLATE][0]
    middle, features, pure = {}, {}, {}
    for reach in REACHES:
        middle[reach], features[reach] = stretches(wave, rr, following, typical[0], typical[1], reach)
        total = np.concatenate([[0], np.cumsum(truth)])
        low, high = np.maximum(middle[reach] - reach, 0), np.minimum(middle[reach] + reach + 1, len(truth))
        share = (total[high] - total[low]) / (high - low)
        pure[reach] = np.where(share >= PURE, 1.0, np.where(share <= 1 - PURE, 0.0, np.nan))
    return Example(record, kind, middle, features, pure, truth)


def fitted(examples: list[Example], reach: int) -> Regression:
    """The regression on these recordings; each counts the same within its kind and class."""
    x, y, mass = [], [], []
    for kind in MASS:
        own = [one for one in examples if one.kind == kind]
        for value in (0.0, 1.0):
            having = [one for one in own if (one.truth[reach] == value).any()]
            share = MASS[kind] * ({0.0: 0.6, 1.0: 0.4}[value] if kind == "mitdb" else 1.0)
            for one in having:
                chosen = one.truth[reach] == value
                x.append(one.features[reach][chosen].astype(np.float64))
                y.append(np.full(chosen.sum(), value))
                mass.append(np.full(chosen.sum(), share / len(having) / chosen.sum()))
    table, truth, weight = np.concatenate(x), np.concatenate(y), np.concatenate(mass)
    mean = np.average(table, axis=0, weights=weight)
    scale = np.sqrt(np.average(np.square(table - mean), axis=0, weights=weight)) + 1e-6
    z = np.clip((table - mean) / scale, -LIMIT, LIMIT)
    weight = weight * len(weight) / weight.sum()

    def loss(v: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        score = z @ v[:-1] + v[-1]
        sign = 2 * truth - 1
        value = weight @ np.logaddexp(0, -sign * score) + 0.5 * PENALTY * v[:-1] @ v[:-1]
        pull = weight * -sign / (1 + np.exp(sign * score))
        return value, np.append(z.T @ pull + PENALTY * v[:-1], pull.sum())

    best = minimize(loss, np.zeros(z.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return Regression(mean, scale, best[:-1], float(best[-1]))


def auroc(score: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve."""
    from scipy.stats import rankdata

    n = truth.sum()
    return float((rankdata(score)[truth].sum() - n * (n + 1) / 2) / (n * (~truth).sum()))


def by_fold(examples: list[Example], reach: int, folds: int = 3) -> None:
    """Cross-validation by recording, printed."""
    score = {}
    for fold in range(folds):
        learnt = fitted([one for i, one in enumerate(examples) if i % folds != fold], reach)
        score |= {one.record: learnt(one.features[reach]) for i, one in enumerate(examples) if i % folds == fold}
    said = []
    for name, positive, negative in (("DS1", "mitdb", "mitdb"), ("A/N", "A", "N"), ("A/O", "A", "O")):
        own = [one for one in examples if one.kind in (positive, negative)]
        values = np.concatenate([score[one.record] for one in own])
        truth = np.concatenate([one.truth[reach] for one in own])
        known = np.isfinite(truth)
        said.append(f"{name} {auroc(values[known], truth[known] == 1):.4f}")
    print(f"reach {reach}, folds: {', '.join(said)}")


def main() -> None:
    """Fit, say how good it is, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path(os.environ.get("ECG_DATA", "data")))
    parser.add_argument("--look-at-ds2", action="store_true")
    asked = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        examples = list(pool.map(mitdb_example, [asked.data_dir] * len(DS1), DS1))
        folder = asked.data_dir / CINC2017.name
        labels, headers = CINC2017.labels(folder), CINC2017.headers(folder)
        known = [(path, labels[record]) for record, path in headers.items() if labels[record] in MASS]
        found = pool.map(challenge_example, *zip(*known, strict=True), chunksize=50)
        examples += [one for one in found if one is not None]
        stored: dict[str, npt.NDArray[np.float64]] = {}
        learnt = {}
        for reach in REACHES:
            by_fold(examples, reach)
            learnt[reach] = one = fitted(examples, reach)
            for name in ("mean", "scale", "weight", "bias"):
                stored[f"{name}{reach}"] = np.asarray(getattr(one, name))
        path = Path(fibrillation.__file__).with_name("fibrillation.npz")
        with whole_file(path) as temporary, temporary.open("wb") as handle:
            np.savez_compressed(handle, **stored)
        print(f"{path}: {path.stat().st_size / 1000:.1f} kB, from {len(examples)} recordings")
        if asked.look_at_ds2:
            tested = list(pool.map(mitdb_example, [asked.data_dir] * len(DS2), DS2))
            for reach, by in learnt.items():
                score = np.concatenate([log_odds(len(t.beats), t.middle[reach], t.features[reach], by) for t in tested])
                print(
                    f"reach {reach}, DS2 by beat: AUROC {auroc(score, np.concatenate([t.beats for t in tested])):.4f}"
                )


if __name__ == "__main__":
    main()
