"""Files as devices and their archives write them; read by ecgdatakit, and those of AliveCor by this package."""

from ecg.recordings.formats.devices.alivecor import read_alivecor
from ecg.recordings.formats.devices.carts import read_cart

__all__ = ["read_alivecor", "read_cart"]
