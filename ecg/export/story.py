"""`ecg export` on one page: load, convert, check, keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecg.atomic import whole_file
from ecg.errors import EcgError
from ecg.export.check import Check, beats_to_check, check_file
from ecg.export.onnx_model import INPUT, OPSET, OUTPUTS, onnx_model, require_libraries
from ecg.runs.weights import Weights, load_weights, weights_file

BEATS = 2000


@dataclass(frozen=True)
class Exported:
    """What `export` made.

    Attributes:
        path: the ONNX file.
        weights: what it was made from.
        checked_on: the beats that it was checked on, in words.
        check: how well it agrees with torch.
    """

    path: Path
    weights: Weights
    checked_on: str
    check: Check

    @property
    def sentences(self) -> tuple[str, ...]:
        """The file, how to use it, how it was checked, and what must be known of the weights."""
        info, size = self.weights.info, self.path.stat().st_size / 1e6
        channels, samples = info.shape
        return (
            f"{self.path}: {size:.1f} MB, ONNX opset {OPSET}, metadata as in {self.weights.path.name}",
            f"input {INPUT}: float32 [batch, {channels}, {samples}], cut by the rule {info.cut!r} at {info.fs:g} Hz; "
            f"outputs {' and '.join(OUTPUTS)}: [batch, {len(info.classes)}], classes {', '.join(info.classes)}",
            f"checked on {self.checked_on}: {self.check.sentence}",
            *_warnings(self.weights),
        )


def export(
    where: Path,
    *,
    out: Path | None = None,
    data_dir: Path | None = None,
    beats: int = BEATS,
    force: bool = False,
    doing: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Write weights as an ONNX file that agrees with torch; one that does not is not kept.

    Args:
        where: a run folder or a weights file.
        out: the file; by default `weights.onnx` beside the weights.
        data_dir: holds mitdb/ and so on, for the check.
        beats: number of beats to check on.
        force: replace a file that is there.
        doing: told what is being done.

    Raises:
        EcgError: something the user can put right, or a file that disagrees with torch.
    """
    if beats < 1:
        raise EcgError(f"--beats {beats}: must be at least 1")
    path = out or weights_file(where).with_suffix(".onnx")
    if path.is_dir():
        raise EcgError(f"--out {path} is a folder; name a file, e.g. {path / 'weights.onnx'}")
    if path.exists() and not force:
        raise EcgError(f"{path} exists; replace it with --force, or choose another --out")
    require_libraries()
    weights = load_weights(where)
    doing("reading the beats to check on")
    x, origin = beats_to_check(weights, data_dir=data_dir, most=beats)
    doing("converting")
    made = onnx_model(weights)
    doing("checking against torch")
    with whole_file(path) as temporary:
        temporary.write_bytes(made.SerializeToString())
        check = check_file(temporary, weights, x).require()
    return Exported(path, weights, origin, check)


def _warnings(weights: Weights) -> tuple[str, ...]:
    said = [f"trained on {weights.info.title}", *weights.info.notes]
    if weights.info.simulated:
        said.append("The weights were trained on SIMULATED recordings: their labels say nothing about real hearts.")
    if weights.training.get("limit_batches") is not None:
        said.append("The weights come from epochs that were limited to some batches: their labels mean nothing.")
    return (*said, "Research software. No medical device; its labels are no diagnosis.")
