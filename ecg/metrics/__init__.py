"""Metrics: AAMI EC57 scores per class, per record and per patient, with bootstrap intervals."""
