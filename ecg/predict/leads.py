"""The other leads of a recording, for a reader who asks for them: as much of each as fits its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ecg.errors import EcgError
from ecg.predict.labelled import Labelled
from ecg.predict.strip import Strip, coded, excerpt, strip_rate
from ecg.recordings.formats import Asked, Input, OwnRecording, read_own

MOST_LEADS = 14
"""As many beside the labelled one: PTB has 15 in all."""
MOST_SAMPLES = 2_400_000
"""Of all other leads together, some 3 MB of a page; each gets the same share, and an excerpt where it needs more."""
MOST_READ = {"csv": 2_000_000}
"""Samples to be read of all other leads together, by the form of the file: a table's take 3 us each."""
MOST_READ_ELSE = 60_000_000
SAME_LENGTH_S = 0.1


@dataclass(frozen=True)
class OtherLeads:
    """What a page holds of the leads beside the labelled one.

    Attributes:
        strips: by the lead's name, all at one rate and of the same times, but for each lead's gaps.
        gaps_s: by the lead's name, start and end in s of where it has no signal.
        left_out: by the lead's name, why the page does not hold it.
    """

    strips: Mapping[str, Strip] = field(default_factory=dict)
    gaps_s: Mapping[str, list[list[float]]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether they are there over the whole recording."""
        return all(strip.whole for strip in self.strips.values())


NO_OTHERS = OtherLeads()


def other_leads(labelled: Labelled, source: Input, asked: Asked, most: int = MOST_SAMPLES) -> OtherLeads:
    """Read and code the other leads; one that cannot be read is left out, and no error.

    Args:
        labelled: the recording and its beats.
        source: where it was read from.
        asked: what was asked of it.
        most: samples that fit, of all these leads together.
    """
    names = [name for name in labelled.own.leads if name != labelled.recording.leads[0]]
    room = MOST_READ.get(source.form, MOST_READ_ELSE) // max(labelled.recording.n_samples, 1)
    left_out = dict.fromkeys(names[room:], "the recording is long, and reading it takes too long")
    left_out |= dict.fromkeys(names[MOST_LEADS:], f"a page holds {MOST_LEADS} other leads")
    names = names[: min(room, MOST_LEADS)]
    fs = strip_rate(labelled)
    wanted = excerpt(labelled, fs, most // max(len(names), 1))
    strips, gaps_s = dict[str, Strip](), dict[str, list[list[float]]]()
    for name in names:
        try:
            own = _alike(read_own(source, replace(asked, lead=name)), labelled.recording.seconds)
        except (EcgError, OSError) as error:
            left_out[name] = str(error).removeprefix(f"{source.path}: ")
            continue
        strips[name] = coded(own, fs, wanted)
        gaps_s[name] = (own.gaps / own.recording.fs).round(3).tolist()
    return OtherLeads(strips, gaps_s, left_out)


def _alike(own: OwnRecording, seconds: float) -> OwnRecording:
    """The lead, if it can stand below another of so many seconds.

    Raises:
        EcgError: it is constant, or of another length: some devices print their leads one after the other.
    """
    recording = own.recording
    if recording.digital.min() == recording.digital.max():
        raise EcgError("it is constant")
    if abs(recording.seconds - seconds) > SAME_LENGTH_S:
        raise EcgError(f"it lasts {recording.seconds:.1f} s and may be of another time")
    return own
