"""Cost functions that are entropies (PHYSICS.md A11, A12): what is minimised in training is a difference of entropies.

H(p, q) = S(p) + D(p||q), and with the Gibbs state g = exp(-H/T)/Z the free energy is F[q] = <H> - T S(q) =
-T log Z + T D(q||g): cross-entropy measures a distance to the data, free energy one to the Gibbs state. The maximum of
the entropy under given averages has a dual, log Z(w) - w.m, whose slope is the difference of the model's averages and
the given ones. That cost functions come from entropy is the seed's claim (Lei, Chen, Zhao, arXiv:1805.08355); the
formulas are textbook (Umegaki 1962; Jaynes 1957).

They take probabilities and density matrices, which a measurement gives, where torch's losses take logits. Zero is a
probability there: below `eps` the logarithm goes on as its tangent (`qdl.physics.information.relative.tangent_log`), so
that values and slopes stay finite and point back to the support, where a clamp would leave no slope at all.
"""

from __future__ import annotations

from qdl.nn.losses.cross import ProbabilityCrossEntropyLoss, QuantumRelativeEntropyLoss, RelativeEntropyLoss
from qdl.nn.losses.thermal import FreeEnergyLoss, MaxEntDualLoss

__all__ = [
    "FreeEnergyLoss",
    "MaxEntDualLoss",
    "ProbabilityCrossEntropyLoss",
    "QuantumRelativeEntropyLoss",
    "RelativeEntropyLoss",
]
