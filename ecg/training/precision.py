"""Which precision trains fastest on a device."""

from __future__ import annotations

from pathlib import Path

import torch


def choose_precision(wanted: str, accelerator: str) -> str:
    """Resolve `trainer.precision=auto`.

    bf16-mixed where the device multiplies bfloat16 matrices in hardware (graphics cards that say so; processors with
    AMX), else 32-true: with AVX-512 BF16 alone it is slower than float32 (experiments/speed).

    Args:
        wanted: `auto`, or a Lightning precision which is returned as it is.
        accelerator: `auto`, `cpu`, `gpu` or `mps`.
    """
    if wanted != "auto":
        return wanted
    on_gpu = accelerator in ("auto", "gpu") and torch.cuda.is_available()
    if on_gpu:
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if accelerator == "mps" or (accelerator == "auto" and torch.backends.mps.is_available()):
        return "32-true"
    return "bf16-mixed" if _cpu_has_amx() else "32-true"


def _cpu_has_amx() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux: no such list of flags
        return False
    return "amx_bf16" in flags
