"""Formulas, samplers and closed-form kernels, as PHYSICS.md lists them."""

from __future__ import annotations

from qdl.physics.encodings.angles import (
    amplitudes,
    chebyshev_angles,
    coherent_state,
    padded_size,
    probability_angles,
    signed_angles,
)
from qdl.physics.encodings.feature_maps import (
    exchange_step,
    hadamards,
    parities,
    phase_map,
    product_state,
    rotated,
    words,
)
from qdl.physics.interactions.coupling import (
    mean_square_error,
    optimum_coupling,
    third_moment,
    weak_coupling_error,
    weak_coupling_optimum,
)
from qdl.physics.interactions.detector import detector_sine, detector_sine_reference
from qdl.physics.interactions.detector.convolution import detector_convolution
from qdl.physics.interactions.displaced import displaced_number
from qdl.physics.interactions.exchange import exchange_number
from qdl.physics.interactions.translation import translation_convolution
from qdl.physics.lattice.fourier import add_fourier, add_momentum
from qdl.physics.lattice.momentum import (
    momentum_amplitudes,
    momentum_distribution,
    momentum_operator,
    one_quantum,
    padded_lattice,
    position_operator,
    translation_operator,
    wires_of,
)
from qdl.physics.lattice.position import ring_places, site_distribution, site_means, site_phases, site_variances

__all__ = [
    "add_fourier",
    "add_momentum",
    "amplitudes",
    "chebyshev_angles",
    "coherent_state",
    "detector_convolution",
    "detector_sine",
    "detector_sine_reference",
    "displaced_number",
    "exchange_number",
    "exchange_step",
    "hadamards",
    "mean_square_error",
    "momentum_amplitudes",
    "momentum_distribution",
    "momentum_operator",
    "one_quantum",
    "optimum_coupling",
    "padded_lattice",
    "padded_size",
    "parities",
    "phase_map",
    "position_operator",
    "probability_angles",
    "product_state",
    "ring_places",
    "rotated",
    "signed_angles",
    "site_distribution",
    "site_means",
    "site_phases",
    "site_variances",
    "third_moment",
    "translation_convolution",
    "translation_operator",
    "weak_coupling_error",
    "weak_coupling_optimum",
    "wires_of",
    "words",
]
