"""ECG heartbeat classification: from raw recordings to tested, tracked and explained models."""

__version__ = "0.1.0"
