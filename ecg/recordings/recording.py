"""What a recording is: one patient's signal with its annotations, and nothing about beats or models."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ecg.errors import EcgError

QRS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotation symbols that mark a QRS complex (WFDB's ecgcodes.h)."""


INVALID_ADU = -32768
"""How WFDB's format 16 marks a sample as invalid (signal(5), https://physionet.org/physiotools/wag/signal-5.htm)."""


@dataclass(frozen=True)
class Annotations:
    """The marks of an annotation file, in time order.

    Attributes:
        sample: shape [annotation], position in samples at the recording's own fs.
        symbol: shape [annotation], WFDB annotation symbols such as `N`, `V`, `+`, `~`.
        note: shape [annotation], the text beside the symbol, e.g. `(AFIB` where a rhythm begins; None where the source
            has none.
    """

    sample: npt.NDArray[np.int64]
    symbol: npt.NDArray[np.str_]
    note: npt.NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def beats(self) -> npt.NDArray[np.bool_]:
        """Which of them mark a QRS complex, shape [annotation]."""
        return np.isin(self.symbol, list(QRS))


@dataclass(frozen=True)
class Recording:
    """One continuous recording of one patient.

    Attributes:
        record: name of the record, e.g. `100`.
        patient: identifier of the person; two records of one person share it.
        digital: shape [lead, time], the converter's integers (ADU) as stored in the file.
        gain: shape [lead], ADU per mV.
        baseline: shape [lead], the ADU value of 0 mV.
        fs: sampling rate in Hz.
        leads: lead names, in file order.
        annotations: the reference annotations, or None where the source has none.
        comments: the header's comment lines (age, diagnosis ...), without `#`.
        simulated: True for recordings made by a model of the ECG.
        database: short name of the database that it is from; empty for any other recording.
        gaps: shape [gap, 2], where the signal is missing and bridged by straight lines: first sample without it, and
            the first one after it; None where nothing is missing.
    """

    record: str
    patient: str
    digital: npt.NDArray[np.int32]
    gain: npt.NDArray[np.float64]
    baseline: npt.NDArray[np.int32]
    fs: float
    leads: tuple[str, ...]
    annotations: Annotations | None = None
    comments: tuple[str, ...] = field(default=())
    simulated: bool = False
    database: str = ""
    gaps: npt.NDArray[np.int64] | None = None

    @property
    def n_samples(self) -> int:
        """Length in samples."""
        return int(self.digital.shape[1])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs

    def lead_index(self, name: str) -> int:
        """Position of the lead called `name`, whatever its case.

        Raises:
            EcgError: no such lead; the message names the leads there are.
        """
        names = [lead.lower() for lead in self.leads]
        if name.lower() in names:
            return names.index(name.lower())
        raise EcgError(f"record {self.record}: no lead {name!r}; it has {', '.join(self.leads)}")

    def millivolts(self, lead: int) -> npt.NDArray[np.float32]:
        """The signal of one lead in mV, shape [time]."""
        return np.asarray((self.digital[lead] - self.baseline[lead]) / self.gain[lead], dtype=np.float32)
