"""A database of one's own: WFDB records with .atr annotations in the folder `mine` below data_dir."""

from ecg.recordings.databases import BeatDatabase

MINE = BeatDatabase(
    name="mine",
    title="Recordings of our hospital",
    test=("200", "222", "233"),  # nothing said: whole patients are drawn
    licence="ours alone",
)
