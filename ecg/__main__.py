"""`python -m ecg` is `ecg`."""

from ecg.commands import app

app()
