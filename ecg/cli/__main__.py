"""`python -m ecg.cli` is `ecg`."""

from ecg.cli import app

app()
