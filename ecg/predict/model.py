"""A trained model as a function from recordings to beats, for use from Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from ecg.beats.rpeaks import DEFAULT as DETECTOR
from ecg.beats.rpeaks import detector
from ecg.errors import EcgError
from ecg.predict.labelled import label_beats
from ecg.recordings.formats import Asked, OwnRecording, find_inputs, read_own
from ecg.recordings.formats.asked import choose_lead
from ecg.recordings.leads import one_lead
from ecg.recordings.recording import Recording
from ecg.runs.shipped import DEFAULT, shipped_file
from ecg.runs.weights import Weights, load_weights
from ecg.training.labelling import Labelling


@dataclass(frozen=True)
class BeatModel:
    """Weights with all that it takes to label a recording.

    Attributes:
        weights: the network, the data that it was trained on, and the rule that made its beats.
    """

    weights: Weights

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the network's logits."""
        return tuple(self.weights.info.classes)

    @property
    def leads(self) -> Sequence[str]:
        """The leads that it was trained on."""
        return self.weights.info.leads

    @property
    def points(self) -> tuple[str, ...]:
        """Names of the operating points, the one that is used first."""
        labelling = Labelling.of(self.weights.labelling, self.classes)
        return tuple(dict.fromkeys((labelling.point, *labelling.names)))

    def predict(
        self,
        recording: Recording | Path | str,
        *,
        lead: str | None = None,
        point: str | None = None,
        rpeaks: str = DETECTOR,
    ) -> pd.DataFrame:
        """Find the R peaks of a recording and label its beats. Research software: no diagnosis.

        Args:
            recording: a recording, or a file to read one from.
            lead: its lead by name; None: the weights' own, else II, else the only one.
            point: operating point, one of `points`; None: the first.
            rpeaks: what finds the R peaks: learnt, sleepecg, a run folder, or an import path.

        Returns:
            A row per R peak: `sample` (at the recording's fs), `time_s`, `rr_s` (the RR interval before it in s, NaN
            where it is not known), `label` (`-` without one), `p_<class>` for each class, and `reason` (why there is
            no label, empty where there is one).

        Raises:
            EcgError: no such lead, or no beat that can be labelled.

        Example:
            >>> from ecg.recordings.databases.sample import FOLDER
            >>> beats = load_model().predict(FOLDER / "201.hea")
            >>> beats[["time_s", "label"]].iloc[2].to_dict()
            {'time_s': 1.9083333333333334, 'label': 'N'}
        """
        labelled = label_beats(self._own(recording, lead), self.weights, point, detector(rpeaks))
        beats = {"sample": labelled.sample, "time_s": labelled.seconds, "rr_s": labelled.rr_s, "label": labelled.names}
        probabilities = {f"p_{name}": labelled.probability[:, c] for c, name in enumerate(labelled.classes)}
        return pd.DataFrame({**beats, **probabilities, "reason": labelled.reason})

    def _own(self, recording: Recording | Path | str, lead: str | None) -> OwnRecording:
        asked = Asked(lead=lead, preferred=self.weights.info.preferred)
        if not isinstance(recording, Recording):
            found = find_inputs([Path(recording)])
            if len(found) != 1:
                raise EcgError(f"{recording} holds {len(found)} recordings; name one of them")
            return read_own(found[0], asked)
        place, notes = choose_lead(recording.record, recording.leads, asked)
        alone = one_lead(recording, place, recording.leads[place])
        own = OwnRecording(alone, notes=notes, leads=recording.leads)
        return own if recording.gaps is None else replace(own, gaps=recording.gaps)


def load_model(where: Path | str | None = None) -> BeatModel:
    """A trained model, ready to label recordings.

    Args:
        where: a run folder, a weights.safetensors file, or the name of weights that come with ecg; None: the first of
            those, for beats of new patients.

    Raises:
        EcgError: no weights there, or they are damaged.

    Example:
        >>> load_model().classes
        ('N', 'S', 'V', 'F', 'Q')
    """
    return BeatModel(load_weights(shipped_file(DEFAULT) if where is None else Path(where)))
