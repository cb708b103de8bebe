"""The weights that come with ecg: trained models for one's own recordings, without training and without network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ecg.errors import EcgError
from ecg.recordings.checksum import sha256

FOLDER = Path(__file__).parent.parent / "weights"
DEFAULT = "new_patients"
"""What `ecg predict` and `ecg.load_model()` use where nobody names weights."""


@dataclass(frozen=True)
class Shipped:
    """One weights file.

    Attributes:
        title: what it is for, in a line.
        sha256: of the file.
    """

    title: str
    sha256: str


SHIPPED: Mapping[str, Shipped] = MappingProxyType(
    {
        DEFAULT: Shipped(
            "beats of patients never seen, one lead: N, S, V, F, Q, and atrial fibrillation",
            "8d0b6f6b2186c2fb00e91e47258e1e3333fb6fbf450882f32bc74cb41213ed1f",
        )
    }
)
"""By name; `<name>.safetensors` and its model card `<name>.md` are in the package."""


def shipped_file(name: str) -> Path:
    """The file of these weights, whole.

    Raises:
        EcgError: it is damaged or missing.
    """
    path = FOLDER / f"{name}.safetensors"
    if not path.is_file() or sha256(path) != SHIPPED[name].sha256:
        state = "damaged" if path.is_file() else "missing"
        raise EcgError(f"{path}, which comes with ecg, is {state}; install ecg again")
    return path


def card(name: str) -> Path:
    """The model card: intended use, data, figures, where it fails, licences."""
    return FOLDER / f"{name}.md"
