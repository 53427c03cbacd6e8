"""What goes wrong on a device: rules of errors, decay in time, readout errors, and circuits with all of it."""

from qdl.ir.noise.model import NoiseModel
from qdl.ir.noise.readout import Readout
from qdl.ir.noise.times import DELAY

__all__ = ["DELAY", "NoiseModel", "Readout"]
