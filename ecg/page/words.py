"""What the terms on pages mean, for who hovers over them or meets them first."""

from __future__ import annotations

from collections.abc import Mapping

AAMI = {
    "N": "normal beats, and bundle branch block",
    "S": "supraventricular ectopic beats: premature, from above the ventricles",
    "V": "ventricular ectopic beats: premature, from the ventricles",
    "F": "fusion of a normal and a ventricular beat",
    "Q": "paced beats, and those that cannot be classified",
}
SCORES = {
    "accuracy": "share of all beats that are labelled right; with many normal beats it is high for any model",
    "balanced accuracy": "mean of the classes' sensitivities: a rare class counts as much as a frequent one",
    "macro-F1": "mean of the classes' F1",
    "AUROC": "area under the ROC curve: how often a member of a class is scored above another; 50 % is chance",
    "ECE": "expected calibration error: how far probabilities are from frequencies; 0 is best",
    "j\u03ba index": "0.5 kappa + 0.125 (Se and +P of S and V); Mond\u00e9jar-Guerra et al. 2019",
    "j\u03ba": "0.5 kappa + 0.125 (Se and +P of S and V); Mond\u00e9jar-Guerra et al. 2019",
    "Se": "sensitivity, or recall: share of the class that was found",
    "+P": "positive predictive value, or precision: share of what was predicted so that is so",
    "F1": "harmonic mean of Se and +P",
    "FPR": "false positive rate: share of the other beats that were predicted so",
    "EC57, gross": "counted as ANSI/AAMI EC57 says, over all beats together",
    "EC57, mean of records": "counted as ANSI/AAMI EC57 says, each record counting alike",
}
TERMS: Mapping[str, str] = {**AAMI, **SCORES, **{f"{name} %": said for name, said in SCORES.items()}}
"""By the whole text of a table's cell or head."""
