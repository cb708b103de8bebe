"""From a model's probabilities to labels: beats of one shape agree, and operating points weigh mistakes differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ecg.beats.grouping import positions
from ecg.beats.table import Beats
from ecg.checks import BadSettingError, in_range, one_of
from ecg.errors import EcgError

Probability = npt.NDArray[np.float32]
"""Shape [beat, class]."""
QRS_S = (-0.12, 0.14)
"""What is compared of two beats, in s from the R peak."""
WIDTH = 0.02
"""How fast likeness fades: weights are exp(-(1 - correlation) / WIDTH)."""
LANDMARKS = 1000
"""Beats of a record that all others are compared with, evenly spaced; of longer records not every pair is compared."""
AT_ONCE = 4096
"""Beats that are compared with them at once: a day's would need a gigabyte."""
BALANCED = "balanced"
LEAST = 1e-6


@dataclass(frozen=True)
class Labelling:
    """What becomes of a model's probabilities before the largest one gives the label. By default nothing.

    Attributes:
        smooth: by class, the share of its log-odds that comes from the beats of the same record whose QRS complex looks
            the same; the others keep their proportions.
        points: operating points: by name, what is added to the log-probability of classes. A point with V: 1 says that
            missing a ventricular beat costs e times as much as a false one.
        point: the one that labels are given by; `balanced` adds nothing unless `points` says so.
    """

    smooth: Mapping[str, float] = field(default_factory=dict)
    points: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    point: str = BALANCED

    def __post_init__(self) -> None:
        one_of("point", self.point, self.names)
        for name, share in self.smooth.items():
            in_range(f"smooth.{name}", share, 0, 1)
        for point, biases in self.points.items():
            for name, bias in biases.items():
                in_range(f"points.{point}.{name}", bias, -20, 20)

    @classmethod
    def of(cls, settings: Mapping[str, object], classes: Sequence[str]) -> Labelling:
        """What a weights file says, whose model has these classes.

        Raises:
            EcgError: it says something else.
        """
        try:
            return cls(**settings).check(classes)  # type: ignore[arg-type]
        except (TypeError, ValueError, AttributeError) as error:
            raise EcgError(f"labelling: {dict(settings)} does not fit this version of ecg ({error})") from None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the operating points, `balanced` first."""
        return tuple(dict.fromkeys((BALANCED, *self.points)))

    @property
    def active(self) -> bool:
        """Whether it changes any probability."""
        return any(self.smooth.values()) or any(any(biases.values()) for biases in self.points.values())

    def at(self, point: str) -> Labelling:
        """The same at another operating point."""
        return replace(self, point=point)

    def check(self, classes: Sequence[str]) -> Labelling:
        """Return self if it names none but these classes.

        Raises:
            BadSettingError: it names another one.
        """
        for name in (*self.smooth, *(name for biases in self.points.values() for name in biases)):
            if name not in classes:
                raise BadSettingError(f"{name} is no class; the classes are {', '.join(classes)}")
        return self

    def __call__(
        self, probability: Probability, beats: Beats, classes: Sequence[str], r_peak_s: float, fs: float
    ) -> Probability:
        """The probabilities whose largest is the label.

        Args:
            probability: shape [beat, class], of the model.
            beats: the same beats, of one or more records.
            classes: names by number.
            r_peak_s: where the R peak lies in a beat's signal, in s.
            fs: of that signal, in Hz.

        Returns:
            shape [beat, class].
        """
        found = probability
        for name, share in self.smooth.items():
            if share:
                found = smoothed(found, classes.index(name), share, beats, r_peak_s, fs)
        biases = self.points.get(self.point, {})
        if not any(biases.values()):
            return found
        factor = np.exp([biases.get(name, 0.0) for name in classes]).astype(np.float32)
        weighed = found * factor
        return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def smoothed(
    probability: Probability, column: int, share: float, beats: Beats, r_peak_s: float, fs: float
) -> Probability:
    """With one class's log-odds averaged over beats of one shape; arguments as of `Labelling`."""
    first, stop = (round((r_peak_s + at) * fs) for at in QRS_S)
    signal = beats.signal[:, 0, max(first, 0) : max(stop, 2)]
    probability = np.clip(
        probability.astype(np.float64), LEAST, 1
    )  # where the model is sure, the others still have proportions
    probability = probability / probability.sum(axis=1, keepdims=True)
    found = probability.copy()
    for own in positions(beats.record).values():
        p = np.clip(probability[own, column], LEAST, 1 - LEAST)
        odds = np.log(p / (1 - p))
        meant = _mean_of_alike(signal[own], odds.astype(np.float32))
        now = 1 / (1 + np.exp(-((1 - share) * odds + share * meant)))
        others = (1 - now) / np.maximum(1 - p, LEAST)
        found[own] = probability[own] * others[:, None]
        found[own, column] = now
    return found.astype(np.float32)


def _mean_of_alike(qrs: npt.NDArray[np.float32], odds: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """For each beat the mean of landmarks' odds, weighted by how alike their QRS complexes are; shape [beat]."""
    centred = qrs - qrs.mean(axis=1, keepdims=True)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), LEAST)
    landmark, meant = _landmarks(len(qrs)), np.empty(len(qrs), dtype=np.float32)
    for start in range(0, len(qrs), AT_ONCE):
        near = centred[start : start + AT_ONCE] @ centred[landmark].T
        near -= near.max(axis=1, keepdims=True)  # the nearest landmark has the weight 1, so none divides by 0
        near /= np.float32(WIDTH)
        np.exp(near, out=near)
        meant[start : start + AT_ONCE] = (near @ odds[landmark]) / near.sum(axis=1)
    return meant


def _landmarks(count: int) -> npt.NDArray[np.int64]:
    most = min(count, LANDMARKS) if count > 2 * LANDMARKS else count
    return (np.arange(most) * (count / most)).astype(np.int64)
