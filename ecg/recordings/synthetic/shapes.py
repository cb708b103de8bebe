"""Shapes of beats: the normal one of a patient, and what disease makes of it.

Published angles and widths come from `model`; those of the QRS are taken times 0.6, as the published ones give a QRS of
about 150 ms. Heights are typical values in mV. A shape has eight waves: P Q R S T of the paper, a second front of the
ventricles (R2) for wide beats, an ST wave, and a second, later part of T that makes T steeper downhill.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ecg.recordings.synthetic.model import Floats

P, Q, R, S, R2, ST, T, T2 = range(8)
QRS = [Q, R, S, R2]

_THETA = np.array([-np.pi / 3, -0.6 * np.pi / 12, 0, 0.6 * np.pi / 12, 0.35, 0.85, np.pi / 2 + 0.2, np.pi / 2 + 0.47])
_WIDTH = np.array([0.17, 0.06, 0.06, 0.06, 0.10, 0.30, 0.36, 0.23])
_RATE_POWER = np.array([0.25, 0, 0, 0, 0, 0.5, 0.5, 0.5])  # how the time of a wave goes with RR; 0.5 is Bazett's QT

_HEIGHT = {
    #        P     Q      R     S     R2  ST    T     T2
    "mlii": [0.13, -0.08, 1.15, -0.22, 0, 0.01, 0.18, 0.10],
    "i": [0.08, -0.05, 0.65, -0.12, 0, 0.01, 0.14, 0.08],
    "ii": [0.13, -0.08, 1.00, -0.20, 0, 0.01, 0.17, 0.10],
    "v5": [0.08, -0.10, 1.25, -0.35, 0, 0.01, 0.20, 0.12],
}


@dataclass(frozen=True)
class Shape:
    """One beat.

    Attributes:
        theta: shape [wave], angle of each wave in rad, 2 pi being one second.
        width: shape [wave], in rad.
        height: shape [lead, wave], in mV.
    """

    theta: Floats
    width: Floats
    height: Floats


def normal(rng: np.random.Generator, leads: tuple[str, ...], spread: float = 0.25) -> Shape:
    """A patient's own sinus beat; `spread` is the log-normal variation of the heights between patients."""
    height = np.array([_HEIGHT[lead.lower()] for lead in leads], dtype=np.float64)
    height *= rng.lognormal(0, spread, height.shape) * rng.lognormal(0, 0.2, (len(leads), 1))
    height[:, ST] += rng.normal(0, 0.02, len(leads))
    theta = _THETA * rng.normal(1, 0.06, 8)
    theta[[T, T2]] = _THETA[[T, T2]] * rng.normal(1, 0.06)  # the two parts of T stay together
    return Shape(theta, _WIDTH * rng.lognormal(0, 0.1, 8), height)


def turned_axis(rng: np.random.Generator, shape: Shape) -> Shape:
    """An electrical axis turned away from the first lead: a small r before a deep S."""
    height = shape.height.copy()
    height[0, S] = -height[0, R] * rng.uniform(0.6, 0.9)
    height[0, R] *= rng.uniform(0.2, 0.4)
    height[0, Q] = 0
    return replace(shape, height=height)


def bundle_branch(rng: np.random.Generator, shape: Shape, side: str) -> Shape:
    """A block of the left (`L`: broad notched R, T turned over) or right (`R`: broad late S) bundle branch."""
    theta, width, height = shape.theta.copy(), shape.width.copy(), shape.height.copy()
    r = height[:, R].copy()
    if side == "L":
        height[:, Q] = height[:, S] = 0
        width[[R, R2]] = rng.uniform(0.11, 0.14, 2)
        theta[R2] = rng.uniform(0.32, 0.42)
        height[:, R2] = r * rng.uniform(0.55, 0.85)
        height[:, ST] -= 0.08 * r
        height[:, [T, T2]] *= -rng.uniform(0.5, 1.0)
    else:
        theta[[S, R2]] = rng.uniform(0.26, 0.32), rng.uniform(0.45, 0.6)
        width[[S, R2]] = rng.uniform(0.10, 0.13), 0.12
        height[:, S] = -r * rng.uniform(0.3, 0.55)
        height[:, R2] = -r * rng.uniform(0.1, 0.2)
    return Shape(theta, width, height)


def ventricular(rng: np.random.Generator, shape: Shape) -> Shape:
    """A premature ventricular beat: no P, wide and tall, ST and T against the QRS."""
    sign = np.where(rng.random(len(shape.height)) < rng.choice([0.15, 0.85]), -1.0, 1.0)
    size = sign * rng.uniform(0.9, 1.7, len(sign)) * np.abs(shape.height[:, [R, S]]).max(axis=1).clip(0.6)
    theta, width, height = shape.theta.copy(), shape.width.copy(), np.zeros_like(shape.height)
    theta[[Q, S, R2]] = -rng.uniform(0.25, 0.4), rng.uniform(0.5, 0.65), rng.uniform(0.3, 0.42)
    width[QRS] = rng.uniform(0.13, 0.21, 4)
    height[:, R] = size
    height[:, Q] = size * rng.uniform(-0.1, 0.2)
    height[:, R2] = size * rng.uniform(0.1, 0.6)
    height[:, S] = -size * rng.uniform(0.0, 0.25)
    height[:, ST] = -size * rng.uniform(0.12, 0.22)  # ST slopes into T without a level part
    theta[[ST, T]] = 1.2, rng.uniform(1.9, 2.2)
    theta[T2] = theta[T] + rng.uniform(0.2, 0.3)
    width[[ST, T, T2]] *= 1.4, 1.2, 1.2
    height[:, [T, T2]] = -size[:, None] * rng.uniform(0.12, 0.25, 2)
    return Shape(theta, width, height)


def paced(rng: np.random.Generator, shape: Shape, atrial: bool) -> Shape:
    """A beat paced from the tip of the right ventricle: wide, mostly downwards; P only where the atria lead."""
    beat = ventricular(rng, shape)
    height = np.abs(beat.height) * np.sign(-beat.height[:, [R]] * beat.height)  # every wave as if R pointed down
    height[-1] *= rng.choice([-1, 1])
    height[:, P] = shape.height[:, P] if atrial else 0
    return replace(beat, height=height)


def atrial(rng: np.random.Generator, shape: Shape) -> Shape:
    """A premature atrial beat: the QRS of the patient behind a P wave of another shape and distance."""
    theta, height = shape.theta.copy(), shape.height.copy()
    theta[P] *= rng.uniform(0.75, 1.1)
    height[:, P] *= rng.uniform(-1.2, 0.6)
    return replace(shape, theta=theta, height=height)


def junctional(rng: np.random.Generator, shape: Shape) -> Shape:
    """A beat from the AV node: no P in front, at most a small one turned over in the ST segment."""
    theta, height = shape.theta.copy(), shape.height.copy()
    theta[P] = rng.uniform(0.7, 0.9)
    height[:, P] *= -rng.uniform(0, 0.6)
    return replace(shape, theta=theta, height=height)


def fused(rng: np.random.Generator, conducted: Shape, other: Shape) -> list[tuple[Shape, float]]:
    """Two fronts that meet in one beat, with weights: neither has the time to fill the ventricles.

    One of them dominates; exact halves of opposite sign would leave next to nothing.
    """
    part = rng.uniform(0.25, 0.45) if rng.random() < 0.6 else rng.uniform(0.55, 0.7)
    width = conducted.width.copy()
    width[QRS] *= 1.5
    return [(replace(conducted, width=width), 1 - part), (other, part)]


def distorted(rng: np.random.Generator, shape: Shape) -> Shape:
    """A beat nobody can name: every wave of a random height, some wider."""
    height = shape.height * rng.uniform(-0.5, 1.3, shape.height.shape)
    return replace(shape, width=shape.width * rng.uniform(1, 2, 8), height=height)


def adapted(shape: Shape, rr: float) -> tuple[Floats, Floats]:
    """Angles and widths, each of shape [wave] in rad, for a beat after an interval of `rr` s: fast hearts, short QT."""
    factor = np.clip(rr, 0.45, 1.4) ** _RATE_POWER
    return shape.theta * factor, shape.width * factor
