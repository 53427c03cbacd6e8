"""Formulas, samplers and closed-form kernels, as PHYSICS.md lists them."""

from __future__ import annotations

from qdl.physics.coupling import mean_square_error, optimum_coupling, third_moment, weak_coupling_error
from qdl.physics.detector import detector_sine, detector_sine_reference
from qdl.physics.detector.convolution import detector_convolution
from qdl.physics.encodings import (
    amplitudes,
    chebyshev_angles,
    coherent_state,
    padded_size,
    probability_angles,
    signed_angles,
)
from qdl.physics.feature_maps import exchange_step, hadamards, parities, phase_map, product_state, rotated, words

__all__ = [
    "amplitudes",
    "chebyshev_angles",
    "coherent_state",
    "detector_convolution",
    "detector_sine",
    "detector_sine_reference",
    "exchange_step",
    "hadamards",
    "mean_square_error",
    "optimum_coupling",
    "padded_size",
    "parities",
    "phase_map",
    "probability_angles",
    "product_state",
    "rotated",
    "signed_angles",
    "third_moment",
    "weak_coupling_error",
    "words",
]
