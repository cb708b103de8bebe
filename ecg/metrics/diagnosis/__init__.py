"""What the score of a diagnosis is worth: beside age and sex, against others, elsewhere."""

from ecg.metrics.diagnosis.evaluation import FEWEST, Estimate, Evaluation, evaluate
from ecg.metrics.diagnosis.scorers import AGE, AGE_SEX, MODEL, SCORERS, TREES, best_threshold
from ecg.metrics.diagnosis.table import (
    BESIDE,
    EXTERNAL,
    TEST,
    PatientScores,
    columns_of,
    patient_table,
    pooled,
    scorers_of,
)

__all__ = [
    "AGE",
    "AGE_SEX",
    "BESIDE",
    "EXTERNAL",
    "FEWEST",
    "MODEL",
    "SCORERS",
    "TEST",
    "TREES",
    "Estimate",
    "Evaluation",
    "PatientScores",
    "best_threshold",
    "columns_of",
    "evaluate",
    "patient_table",
    "pooled",
    "scorers_of",
]
