"""Recordings: signals as they were measured, read by lead name, from PhysioNet, files or a simulator."""
