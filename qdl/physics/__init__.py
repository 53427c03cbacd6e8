"""Formulas, samplers and closed-form kernels, as PHYSICS.md lists them."""

from __future__ import annotations

from qdl.physics.coupling import mean_square_error, optimum_coupling, third_moment, weak_coupling_error
from qdl.physics.detector import detector_sine, detector_sine_reference
from qdl.physics.detector.convolution import detector_convolution
from qdl.physics.encodings import amplitudes, coherent_state, padded_size, probability_angles

__all__ = [
    "amplitudes",
    "coherent_state",
    "detector_convolution",
    "detector_sine",
    "detector_sine_reference",
    "mean_square_error",
    "optimum_coupling",
    "padded_size",
    "probability_angles",
    "third_moment",
    "weak_coupling_error",
]
