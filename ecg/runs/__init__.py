"""Runs: the only room that knows a run folder, to write and to read, and the sweeps that run folders belong to."""
