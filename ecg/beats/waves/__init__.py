"""A recording's median beat in millivolts over all of its leads, and what is measured on it."""

from ecg.beats.waves.finding import find_qrs
from ecg.beats.waves.measures import GLOBALS, MEASURES, WAVES
from ecg.beats.waves.median_beat import MedianBeat, median_beat, moved

__all__ = ["GLOBALS", "MEASURES", "WAVES", "MedianBeat", "find_qrs", "median_beat", "moved"]
