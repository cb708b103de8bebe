"""A person's own recording, whatever file it comes in: WFDB, EDF, BDF, CSV, NumPy, or what a device wrote."""

from ecg.recordings.formats.asked import Asked, OwnRecording
from ecg.recordings.formats.find import EXTENSIONS, Found, Input, find_inputs, find_recordings
from ecg.recordings.formats.recording import read_own

__all__ = ["EXTENSIONS", "Asked", "Found", "Input", "OwnRecording", "find_inputs", "find_recordings", "read_own"]
