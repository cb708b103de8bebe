"""A person's own recording, whatever file it comes in: WFDB, EDF, BDF, CSV or NumPy."""

from ecg.recordings.formats.asked import Asked, OwnRecording
from ecg.recordings.formats.find import EXTENSIONS, Input, find_inputs
from ecg.recordings.formats.recording import read_own

__all__ = ["EXTENSIONS", "Asked", "Input", "OwnRecording", "find_inputs", "read_own"]
