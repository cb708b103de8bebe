"""Which precision trains fastest on a device."""

from __future__ import annotations

from pathlib import Path

import torch

CPU_INFO = Path("/proc/cpuinfo")
"""Where Linux says what a processor is and can do."""


def choose_precision(wanted: str, accelerator: str) -> str:
    """Resolve `trainer.precision=auto`.

    bf16-mixed where it is the faster one: graphics cards that say so, processors with AMX, and AMD's with AVX-512 BF16.
    Else 32-true: Intel's with AVX-512 BF16 alone train faster so (experiments/speed measured one of
    each maker's).

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
    return "bf16-mixed" if _cpu_is_quick_with_bf16() else "32-true"


def _cpu_is_quick_with_bf16() -> bool:
    try:
        facts = CPU_INFO.read_text(encoding="utf-8")
    except OSError:  # not Linux: no such file
        return False
    return "amx_bf16" in facts or ("AuthenticAMD" in facts and "avx512_bf16" in facts)
