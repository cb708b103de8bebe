"""Each lead of a beat as a beat of its own, so that a model of one lead sees all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecg.beats.segmentations import Segmentation
from ecg.beats.table import Beats
from ecg.checks import BadSettingError


def check_apart(segmentation: Segmentation, leads: Sequence[str]) -> None:
    """Refuse to take apart what is of all leads together.

    Raises:
        BadSettingError: so it is.
    """
    whole, one = segmentation.shapes(len(leads)), segmentation.shapes(1)
    for name, shape in whole.items():
        if shape not in (one[name], (len(leads), *one[name][1:])):
            raise BadSettingError(
                f"leads_apart=true: the input {name} of dataset.segmentation={segmentation.name} is of all leads "
                "together; leave leads_apart at false"
            )


def apart(beats: Beats, segmentation: Segmentation, leads: Sequence[str]) -> Beats:
    """The beats once for each lead, lead after lead, of the same record and patient.

    Args:
        beats: of all leads.
        segmentation: made them.
        leads: the rows of each beat.
    """
    whole, one = segmentation.shapes(len(leads)), segmentation.shapes(1)
    parts = []
    for row in range(len(leads)):
        own = {
            name: values if whole[name] == one[name] else values[:, row : row + 1]
            for name, values in beats.inputs.items()
        }
        names = np.array([lead.split("+")[row] for lead in beats.lead.tolist()])
        parts.append(replace(beats, inputs=own, lead=names))
    return Beats.concatenate(parts)
