"""Beats: R peaks, cuts, labels and splits; recordings become single labelled heartbeats."""
