"""What is mutated, and the tests that must notice, the quick ones first."""

from __future__ import annotations

METRICS, BEATS, TRANSFER, PREDICT = "tests/metrics", "tests/beats", "tests/transfer", "tests/predict"
SEGMENTATIONS = f"{BEATS}/segmentations"

MODULES: dict[str, tuple[str, ...]] = {
    "ecg/metrics/confusion.py": (f"{METRICS}/test_confusion.py",),
    "ecg/metrics/ec57.py": (f"{METRICS}/test_ec57.py",),
    "ecg/metrics/matching.py": (f"{METRICS}/test_matching.py",),
    "ecg/metrics/episodes.py": (f"{METRICS}/test_episodes.py",),
    "ecg/metrics/records.py": (f"{METRICS}/test_records.py", f"{METRICS}/test_ectopic.py"),
    "ecg/metrics/registry.py": tuple(
        f"{METRICS}/test_{name}.py" for name in ("registry", "classification", "subjects", "bootstrap")
    ),
    "ecg/metrics/resampling.py": (f"{METRICS}/test_bootstrap.py", f"{METRICS}/test_subjects.py"),
    "ecg/metrics/bootstrap.py": (f"{METRICS}/test_bootstrap.py",),
    "ecg/metrics/rpeaks.py": (f"{METRICS}/test_rpeaks.py",),
    "ecg/metrics/subjects.py": (f"{METRICS}/test_subjects.py",),
    "ecg/predict/fibrillation.py": (f"{PREDICT}/test_fibrillation.py",),
    "ecg/predict/scores.py": (f"{PREDICT}/test_scores.py",),
    "ecg/transfer/batchnorm.py": (f"{TRANSFER}/test_batchnorm.py",),
    "ecg/beats/segmentations/kaggle.py": (f"{BEATS}/test_kaggle_segmentation.py", f"{SEGMENTATIONS}/test_scaling.py"),
    "ecg/beats/stratified.py": (f"{BEATS}/test_stratified.py",),
    "ecg/predict/strip.py": (f"{PREDICT}/test_strip.py",),
    "ecg/transfer/features.py": (f"{TRANSFER}/test_features.py",),
    "ecg/beats/segmentations/window.py": (f"{BEATS}/test_window_segmentation.py", f"{SEGMENTATIONS}/test_scaling.py"),
    "ecg/beats/segmentations/paper.py": (f"{BEATS}/test_paper_segmentation.py", f"{SEGMENTATIONS}/test_scaling.py"),
    "ecg/beats/segmentations/scaling.py": (f"{SEGMENTATIONS}/test_scaling.py",),
    "ecg/beats/splits.py": tuple(
        f"{BEATS}/test_{name}.py" for name in ("splits_of_databases", "training_folds", "splits")
    ),
    "ecg/beats/grouping.py": (f"{BEATS}/test_splits.py", f"{BEATS}/test_training_folds.py"),
    "ecg/beats/segmentations/record.py": (f"{SEGMENTATIONS}/test_record.py",),
    "ecg/transfer/loading.py": (f"{TRANSFER}/test_start.py",),
    "ecg/predict/summary.py": (f"{PREDICT}/test_summary.py",),
}

SLOW_IMPORTS = (
    "hypothesis.strategies", "hypothesis.extra.numpy", "hydra", "joblib", "matplotlib.pyplot", "omegaconf", "pandas",
    "pytest", "pytorch_lightning", "rich.progress", "scipy.ndimage", "scipy.signal", "sklearn.linear_model",
    "sklearn.metrics", "sleepecg", "torch", "torchmetrics.classification", "typer.testing", "wfdb",
)  # fmt: skip
"""Imported once for all mutants."""
