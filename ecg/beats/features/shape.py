"""The shape of each beat, and how far it is from the record's own typical beat."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.beats.features import rolling
from ecg.beats.features.feature import Feature, columns
from ecg.beats.features.templates import FS, QRS, WIDE_QRS, Wave, Waves, correlation, part

PARTS = {
    "qrs": QRS,
    "wide-qrs": WIDE_QRS,
    "t": part(0.14, 0.45),
    "p": part(-0.26, -0.06),
    "long-p": part(-0.5, -0.06),
    "beat": slice(None),
}
"""Pieces of a beat that are compared with the same piece of its template."""
_SAID = {
    "qrs": "the QRS complex (-80 to 90 ms)",
    "wide-qrs": "the QRS complex and what is beside it (-120 to 140 ms)",
    "t": "the T wave (140 to 450 ms)",
    "p": "the P wave (-260 to -60 ms)",
    "long-p": "what precedes the QRS complex (-500 to -60 ms)",
    "beat": "the whole beat",
}
P_LAGS, QRS_LAGS = range(-10, 9), range(-6, 7)
STEEP = (10, 25, 50)
LEAST = 1e-3

SHAPE_FEATURES: tuple[Feature, ...] = (
    *(
        feature
        for name, what in _SAID.items()
        for feature in (
            Feature(f"{name}-correlation", "1", f"correlation of {what} with the template's"),
            Feature(f"{name}-distance", "log", f"RMS difference between {what} and the template's"),
            Feature(f"{name}-energy", "log", f"energy of {what} against the template's"),
        )
    ),
    Feature("qrs-best", "1", "best correlation of the QRS complex with the template's, moved by up to 47 ms"),
    Feature("qrs-best-lag", "samples", "the move that gives it"),
    Feature("p-best", "1", "best correlation of the P wave with the template's, moved by -78 to 63 ms"),
    Feature("p-best-lag", "samples", "the move that gives it"),
    Feature("highest", "QRS heights", "highest value of the QRS complex"),
    Feature("lowest", "QRS heights", "lowest value of the QRS complex"),
    Feature("height", "log", "peak to peak of the QRS complex against the template's"),
    Feature("steepest", "log", "steepest slope of the QRS complex against the template's"),
    *(Feature(f"width{q}", "s", f"time in the QRS complex with slopes above {q} % of the steepest") for q in STEEP),
    *(Feature(f"width{q}/template", "log", f"the same against the template's, {q} %") for q in STEEP),
    Feature("area", "s", "area under the QRS complex over its height"),
    Feature("area/template", "log", "the same against the template's"),
    Feature("half-width", "s", "time in the QRS complex beyond half its height"),
    Feature("half-width/template", "log", "the same against the template's"),
    Feature("p-height", "QRS heights", "P wave above the line between its ends"),
    Feature("p-height-template", "QRS heights", "the same beside the template's: the difference"),
    Feature("polarity", "1", "sum of highest and lowest value of the QRS complex over their difference"),
    Feature("polarity-template", "1", "the same beside the template's: the difference"),
    Feature("slow-p-projection", "1", "size of the slow template's P wave in this beat"),
    Feature("slow-p-correlation", "1", "correlation of the P wave with the slow template's"),
    Feature("slow-p-residual", "log", "what is left of the P wave without it, against it"),
    Feature("slow-p-best-projection", "1", "the first of them at the best of the moves"),
    Feature("slow-p-best", "1", "best correlation with the slow template's P wave over the moves"),
    Feature("slow-p-best-lag", "samples", "the move that gives it"),
    Feature("p-projection", "1", "size of the template's P wave in this beat"),
    Feature("slow-p-template", "1", "correlation of the slow template's P wave with the template's"),
    Feature("slow-p-near", "1", "mean over 5 beats of the best correlation with the slow template's P wave"),
    Feature("slow-p-near15", "1", "mean over 15 beats of the same"),
    Feature("slow-p-projection-near", "1", "mean over 5 beats of the size of the slow template's P wave"),
    Feature("like-previous", "1", "correlation of the QRS complex with that of the beat before"),
    Feature("like-next", "1", "correlation of the QRS complex with that of the beat after"),
    Feature("qrs-near", "1", "mean over 11 beats of the correlation of the QRS complex with the template's"),
    Feature("height-near", "log", "peak to peak of the QRS complex against the median of 17 beats"),
)


def shape_features(beats: Waves, typical: Wave, slow: Wave) -> npt.NDArray[np.float32]:
    """The columns of `SHAPE_FEATURES`, shape [beat, feature].

    Args:
        beats: shape [beat, sample], consecutive, in units of the template's QRS height.
        typical: shape [sample], the template in the same units.
        slow: shape [sample], the template of slow beats.
    """
    values: dict[str, npt.NDArray[np.floating]] = {}
    for name, piece in PARTS.items():
        own, other = beats[:, piece], typical[piece]
        energy, its = np.square(_centred(own)).mean(axis=1), float(np.square(other - other.mean()).mean())
        values[f"{name}-correlation"] = correlation(own, other)
        values[f"{name}-distance"] = np.log(np.sqrt(np.square(own - other).mean(axis=1)) + LEAST)
        values[f"{name}-energy"] = 0.5 * np.log((energy + LEAST**2) / (its + LEAST**2))
    values |= _qrs(beats, typical) | _p_waves(beats, typical, slow)
    qrs = _centred(beats[:, WIDE_QRS])
    qrs /= np.maximum(np.linalg.norm(qrs, axis=1, keepdims=True), 1e-6)
    values["like-previous"] = (qrs * rolling.shifted(qrs, -1)).sum(axis=1)
    values["like-next"] = (qrs * rolling.shifted(qrs, 1)).sum(axis=1)
    values["qrs-near"] = rolling.mean(values["qrs-correlation"], 11)
    height = values["height"].astype(np.float64)
    values["height-near"] = height - rolling.percentile(height, 50, 17)
    return columns(SHAPE_FEATURES, values)


def _centred(waves: Waves) -> Waves:
    return np.asarray(waves - waves.mean(axis=1, keepdims=True))


def _qrs(beats: Waves, typical: Wave) -> dict[str, npt.NDArray[np.floating]]:
    """Size, slope and width of the QRS complex."""
    own, other = _measures(beats), {name: value[0] for name, value in _measures(typical[None]).items()}
    best, lag, _ = _best(beats, typical, QRS, QRS_LAGS)
    values: dict[str, npt.NDArray[np.floating]] = {"qrs-best": best, "qrs-best-lag": lag}
    values |= {name: own[name] for name in ("highest", "lowest", "area", "half-width", "polarity")}
    values |= {f"width{q}": own[f"width{q}"] for q in STEEP}
    against = (*(f"width{q}" for q in STEEP), "area", "half-width")
    values |= {f"{name}/template": np.log((own[name] + 1 / FS) / (other[name] + 1 / FS)) for name in against}
    values |= {name: np.log((own[name] + LEAST) / (other[name] + LEAST)) for name in ("height", "steepest")}
    values["polarity-template"] = own["polarity"] - other["polarity"]
    return values


def _measures(beats: Waves) -> dict[str, npt.NDArray[np.floating]]:
    """Absolute measures of QRS complexes, shape [beat] each."""
    qrs = beats[:, WIDE_QRS]
    high, low = qrs.max(axis=1), qrs.min(axis=1)
    height = np.maximum(high - low, LEAST)
    slope = np.abs(np.diff(qrs, axis=1))
    steepest = np.maximum(slope.max(axis=1), 1e-6)
    flat = qrs - 0.5 * (qrs[:, :1] + qrs[:, -1:])
    reach = np.abs(flat)
    values: dict[str, npt.NDArray[np.floating]] = {
        "highest": high,
        "lowest": low,
        "height": height,
        "steepest": steepest,
        "area": reach.sum(axis=1) / height / FS,
        "half-width": (reach > 0.5 * reach.max(axis=1, keepdims=True)).sum(axis=1) / FS,
        "polarity": (flat.max(axis=1) + flat.min(axis=1)) / height,
    }
    return values | {f"width{q}": (slope > q / 100 * steepest[:, None]).sum(axis=1) / FS for q in STEEP}


def _p_waves(beats: Waves, typical: Wave, slow: Wave) -> dict[str, npt.NDArray[np.floating]]:
    """The P wave against those of both templates."""
    p = PARTS["p"]
    own, wave, its = _centred(beats[:, p]), slow[p] - slow[p].mean(), typical[p] - typical[p].mean()
    energy, its_energy = (max(float(np.square(one).sum()), LEAST) for one in (wave, its))
    projection = own @ wave / energy
    left = np.sqrt(np.square(own - projection[:, None] * wave).sum(axis=1))
    best, lag, strength = _best(beats, slow, p, P_LAGS)
    typical_best, typical_lag, _ = _best(beats, typical, p, P_LAGS)
    height = _p_height(beats)
    return {
        "p-best": typical_best,
        "p-best-lag": typical_lag,
        "p-height": height,
        "p-height-template": height - _p_height(typical[None]),
        "slow-p-projection": np.clip(projection, -4, 4),
        "slow-p-correlation": correlation(beats[:, p], slow[p]),
        "slow-p-residual": np.log((left + LEAST) / (np.sqrt(energy) + LEAST)),
        "slow-p-best-projection": np.clip(strength, -4, 4),
        "slow-p-best": best,
        "slow-p-best-lag": lag,
        "p-projection": np.clip(own @ its / its_energy, -4, 4),
        "slow-p-template": np.full(len(beats), correlation(slow[None, p], typical[p])[0]),
        "slow-p-near": rolling.mean(best, 5),
        "slow-p-near15": rolling.mean(best, 15),
        "slow-p-projection-near": rolling.mean(np.clip(strength, -4, 4), 5),
    }


def _p_height(beats: Waves) -> npt.NDArray[np.floating]:
    p = beats[:, PARTS["p"]]
    line = np.linspace(0, 1, p.shape[1], dtype=np.float32)
    return np.asarray((p - (p[:, :1] * (1 - line) + p[:, -1:] * line)).max(axis=1))


def _best(
    beats: Waves, wave: Wave, piece: slice, lags: range
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Best correlation of a piece of each beat with that of a template over moves, the move, and its projection."""
    other = wave[piece] - wave[piece].mean()
    norm = max(float(np.linalg.norm(other)), 1e-6)
    length = piece.stop - piece.start
    wide = beats[:, piece.start + lags.start : piece.stop + lags.stop - 1].astype(np.float64)
    sums, squares = (np.cumsum(np.pad(x, ((0, 0), (1, 0))), axis=1) for x in (wide, np.square(wide)))
    total, square = (x[:, length:] - x[:, :-length] for x in (sums, squares))
    size = np.sqrt(np.maximum(square - total**2 / length, 1e-9))
    dot = np.stack([beats[:, piece.start + lag : piece.stop + lag] @ other for lag in lags], axis=1)
    each = dot / (size * norm)
    place = each.argmax(axis=1)
    row = np.arange(len(beats))
    return each[row, place], np.asarray(lags, dtype=np.float64)[place], dot[row, place] / norm**2
