"""The dynamical ECG model of McSharry et al. 2003, integrated without a loop over samples.

The published model turns a phase theta round a circle and pulls z up and down as it passes the angle of a wave:

    dz/dt = - sum_i a_i dtheta_i exp(-dtheta_i^2 / (2 b_i^2)) - (z - z0),   dtheta_i = theta - theta_i

    wave          P      Q      R      S      T
    theta_i    -pi/3  -pi/12    0    pi/12   pi/2      rad
    a_i          1.2   -5.0   30.0   -7.5    0.75
    b_i         0.25    0.1    0.1    0.1     0.4      rad

(Table I there, one turn per second), z0 being a baseline of 0.15 mV at the breathing frequency. Three things differ:

- each beat has a phase of its own, 0 at its R peak and turning at 2 pi rad/s, so that beats of different shape may
  follow each other at any distance and the P wave of an early beat may lie on the T wave before it. The heart rate then
  enters through the angles, as in the authors' later program ECGSYN (`shapes.adapted`);
- a_i is written a_i = omega h_i / b_i^2, for then h_i is the height of the wave in mV;
- z is linear in its drive, so the equation is solved by an exponential integrator, i.e. a recursive filter of order 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Floats = npt.NDArray[np.float64]

OMEGA = 2 * np.pi
"""Angular velocity of every beat's phase in rad/s."""

RELAXATION = 1.0
"""How fast z returns to z0, in 1/s; 1 in the paper. It acts like the 0.16 Hz high-pass of an old recorder."""

_REACH = 4.5  # widths at which the drive of a wave has fallen below 0.02 % of its maximum


class BeatTrain(NamedTuple):
    """The beats of one recording; two rows may share one beat, as in fusion beats.

    Attributes:
        time: shape [row], when the phase is 0, in s.
        theta: shape [row, wave], angle of each wave in rad.
        width: shape [row, wave], b_i in rad.
        height: shape [row, lead, wave], h_i in mV.
    """

    time: Floats
    theta: Floats
    width: Floats
    height: Floats


def integrate(train: BeatTrain, baseline: Floats, fs: float) -> Floats:
    """Solve the model.

    Args:
        train: the beats.
        baseline: z0, shape [lead, time], in mV.
        fs: sampling rate in Hz.

    Returns:
        z, shape [lead, time], in mV.
    """
    drive = _drive(train, baseline.shape[-1], fs) + RELAXATION * baseline
    decay = np.exp(-RELAXATION / fs)
    z: Floats = lfilter([(1 - decay) / RELAXATION], [1, -decay], drive, axis=-1)
    return z


def _drive(train: BeatTrain, n: int, fs: float) -> Floats:
    """The sum over all waves, shape [lead, time] in mV/s, half a sample early: the midpoint rule of the integrator."""
    n_leads, n_waves = train.height.shape[1:]
    drive = np.zeros((n_leads, n))
    for wave in range(n_waves):
        theta, width, height = train.theta[:, wave], train.width[:, wave], train.height[:, :, wave]
        reach = int(np.ceil(_REACH * width.max() / OMEGA * fs))
        centre = np.round((train.time + theta / OMEGA) * fs).astype(np.int64)
        at = centre[:, None] + np.arange(-reach, reach + 1)
        offset = OMEGA * ((at - 0.5) / fs - train.time[:, None]) - theta[:, None]
        b2 = width[:, None] ** 2
        push = -OMEGA / b2 * offset * np.exp(-(offset**2) / (2 * b2))
        inside = (at >= 0) & (at < n)
        for lead in range(n_leads):
            weights = (push * height[:, lead, None])[inside]
            drive[lead] += np.bincount(at[inside], weights=weights, minlength=n)
    return drive
