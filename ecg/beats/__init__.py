"""Beats: R peaks, segmentations, labels and splits; recordings become single labelled heartbeats."""
