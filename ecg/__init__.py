"""ECG heartbeat classification: from raw recordings to tested, tracked and explained models.

    import ecg
    recording = ecg.read_recording("holter.edf")
    beats = ecg.load_model("outputs/RUN").predict(recording)      # a DataFrame: a row per beat

    data = ecg.data.ArrhythmiaDataModule(split="patients")        # a LightningDataModule
    model = ecg.training.BeatClassifier(ecg.models.cnn(n_classes=5))
    pl.Trainer(max_epochs=5).fit(model, data)

    run = ecg.load_run("outputs/RUN")                             # run.config, run.metrics, run.predictions, run.model

Everything loads when it is first used: `import ecg` alone imports neither torch nor pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecg import compare, data, evaluate, explain, models, training
    from ecg.errors import EcgError
    from ecg.predict.model import BeatModel, load_model
    from ecg.recordings.formats.recording import read_recording
    from ecg.recordings.recording import Annotations, Recording
    from ecg.runs.find import find_runs
    from ecg.runs.run import Run, load_run

__version__ = "0.1.0"

_HOMES = {
    "Annotations": "ecg.recordings.recording",
    "BeatModel": "ecg.predict.model",
    "EcgError": "ecg.errors",
    "Recording": "ecg.recordings.recording",
    "Run": "ecg.runs.run",
    "find_runs": "ecg.runs.find",
    "load_model": "ecg.predict.model",
    "load_run": "ecg.runs.run",
    "read_recording": "ecg.recordings.formats.recording",
}
_ROOMS = ("compare", "data", "evaluate", "explain", "models", "training")

__all__ = [
    "Annotations",
    "BeatModel",
    "EcgError",
    "Recording",
    "Run",
    "compare",
    "data",
    "evaluate",
    "explain",
    "find_runs",
    "load_model",
    "load_run",
    "models",
    "read_recording",
    "training",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    if name in _ROOMS:
        return import_module(f"ecg.{name}")
    if name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'ecg' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
