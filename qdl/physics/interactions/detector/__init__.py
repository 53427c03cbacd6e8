"""The detector neuron in closed form: a qubit that turns by an angle proportional to the quanta it meets.

Input element i holds an excitation n_i with probability |x_i|, independently of the others. A detector qubit,
prepared in RY(pi/2 + b)|0>, turns by exp(-i/2 W (x) Y) with W = sum_i phi_i sign(x_i) n_i and phi_i = g w_i; then
-<Z> = E sin(W + b). The n_i are independent, so the characteristic function of W is a product over the patch
(PHYSICS.md A3a, marked *ours*: a reconstruction, not a formula quoted from a paper)::

    E sin(W + b) = Im e^{ib} prod_i f_i,     f_i = 1 - |x_i| (1 - cos phi_i) + i x_i sin phi_i

Each f_i is written with |x_i| and x_i, never with an arcsin of a square root, because half of all pixels sit at 0 or
+-1: there the derivative is the mean of both one-sided derivatives, d f_i/d x_i = i sin phi_i at 0, since autograd
takes the derivative of |x| at 0 to be 0.
"""

from __future__ import annotations

from torch import Tensor

from qdl.physics.interactions.detector.kernel import Sine
from qdl.physics.interactions.detector.reference import detector_sine_reference

__all__ = ["detector_sine", "detector_sine_reference"]


def detector_sine(x: Tensor, phase: Tensor, offset: Tensor | None = None) -> Tensor:
    """E sin(W + b) of detectors that each look at every column of a batch of patches.

    Parameters
    ----------
    x : Tensor, shape (groups, size, columns), real
        Signed excitation probabilities in [-1, 1], one patch per column.
    phase : Tensor, shape (groups, outputs, size), same dtype
        Angle in radians by which a whole excitation of each element turns the detector: coupling times weight.
    offset : Tensor, shape (groups, outputs), optional
        Angle b in radians by which the detector is turned beforehand.

    Returns
    -------
    Tensor, shape (groups, outputs, columns)
        Exact for any patch size; differentiable any number of times in all three arguments.

    Notes
    -----
    PHYSICS.md A3a. The slow twin is `detector_sine_reference`.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[0.5], [-1.0]]])
    >>> detector_sine(x, torch.tensor([[[torch.pi / 2, torch.pi / 2]]]))
    tensor([[[-0.5000]]])
    """
    if offset is None:
        offset = phase.new_zeros(phase.shape[:2])
    return Sine.apply(x, phase, offset)
