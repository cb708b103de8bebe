"""Features of beats, each with a name, a unit and one line of meaning; all of a record's beats at once."""

from ecg.beats.features.feature import Feature
from ecg.beats.features.fibrillation import STATE_FEATURES
from ecg.beats.features.rhythm import RHYTHM_FEATURES
from ecg.beats.features.shape import SHAPE_FEATURES

FEATURES: dict[str, tuple[Feature, ...]] = {
    "rhythm": (*RHYTHM_FEATURES, *STATE_FEATURES),
    "shape": SHAPE_FEATURES,
}
"""What the columns of `dataset.segmentation=context` are, by input."""

__all__ = ["FEATURES", "Feature"]
