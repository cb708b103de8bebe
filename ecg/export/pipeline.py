"""`ecg export` on one page: load, convert, check, keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ecg.atomic import whole_file
from ecg.checks import check_out
from ecg.errors import EcgError
from ecg.export.check import Check, check_file, sample_to_check
from ecg.export.onnx_model import OPSET, OUTPUTS, drawn_inputs, onnx_model, require_libraries
from ecg.export.rpeaks import export_rpeaks, is_detector
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
        model = self.weights.model
        drawn = drawn_inputs(model, 1).items()
        given = [f"{name} {x.dtype} [{', '.join(map(str, ('batch', *x.shape[1:])))}]" for name, x in drawn]
        batch = "batch" if model.beats == 1 else f"batch, {model.beats}"
        return (
            f"{self.path}: {size:.1f} MB, ONNX opset {OPSET}, metadata as in {self.weights.path.name}",
            f"inputs {', '.join(given)}, by the segmentation {info.segmentation!r} at {info.fs:g} Hz; outputs "
            f"{' and '.join(OUTPUTS)}: [{batch}, {len(info.classes)}], classes {', '.join(info.classes)}",
            f"checked on {self.checked_on}: {self.check.sentence}",
            f"trained on {info.title}",
            *info.notes,
            *self.weights.doubts,
            "Research software. No medical device; its labels are no diagnosis.",
        )


@dataclass(frozen=True)
class ExportedDetector:
    """What `export` made of a detector of R peaks.

    Attributes:
        path: the ONNX file.
        sentences: the file, how to use it, how it was checked.
    """

    path: Path
    sentences: tuple[str, ...]


def export(
    where: Path,
    *,
    out: Path | None = None,
    data_dir: Path | None = None,
    beats: int = BEATS,
    force: bool = False,
    doing: Callable[[str], None] = lambda _: None,
) -> Exported | ExportedDetector:
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
    check_out(path.parent)
    if path.is_dir():
        raise EcgError(f"--out {path} is a folder; name a file, e.g. {path / 'weights.onnx'}")
    if path.exists() and not force:
        raise EcgError(f"{path} exists; replace it with --force, or choose another --out")
    require_libraries()
    if is_detector(weights_file(where)):
        return ExportedDetector(path, export_rpeaks(weights_file(where), path))
    weights = load_weights(where)
    doing("reading the beats to check on")
    sample = sample_to_check(weights, data_dir=data_dir, most=beats)
    doing("converting")
    made = onnx_model(weights)
    doing("checking against torch")
    with whole_file(path) as temporary:
        temporary.write_bytes(made.SerializeToString())
        check = check_file(temporary, weights, sample).require()
    return Exported(path, weights, sample.origin, check)
