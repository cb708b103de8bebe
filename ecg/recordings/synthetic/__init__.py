"""Simulated recordings in true WFDB files, so that everything after the reader runs without a network.

The signal is that of the dynamical model of McSharry PE, Clifford GD, Tarassenko L, Smith LA, "A dynamical model for
generating synthetic electrocardiogram signals", IEEE Trans Biomed Eng 50(3):289-294, 2003,
doi:10.1109/TBME.2003.808805 (see `model`), with shapes per patient and per beat (`shapes`) and rhythms with ectopic
beats (`rhythm`). It is made to exercise the framework; results on it say nothing about real hearts. Every header says
`simulated`.
"""

from ecg.recordings.synthetic.arrhythmia import write_arrhythmia
from ecg.recordings.synthetic.infarction import write_mi

__all__ = ["write_arrhythmia", "write_mi"]
