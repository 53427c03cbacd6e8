"""Activations as what a measurement finds (PHYSICS.md A7 and A8; the photoelectric reading is *ours*).

* Photoelectric: an electron that absorbs the energy x leaves with E = max(0, x - W0). Thermally,
  N(x) = int_0^inf dE / (1 + e^{(E - (x - W0)) / T}) = T ln(1 + e^{(x - W0) / T}), the softplus; at T = 0 the ReLU,
  which it exceeds by at most T ln 2, at the threshold.
* Fermi: the mean occupation 1 / (1 + e^{-x / T}) of a level that lies x below the Fermi energy.
* Magnetisation: the mean tanh(h / T) of a spin +-1 in a field h.
* Rabi: the probability x^2/(x^2 + d^2) sin^2(sqrt(x^2 + d^2) / 2) that a pulse of area x, detuned by a phase d,
  excites a qubit.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

# e^-40 is below the rounding of double precision.
_LINEAR = 40.0


def emission(x: Tensor, temperature: Tensor | float) -> Tensor:
    """T ln(1 + e^{x/T}), the rate of thermal emission x above the threshold; at T = 0 exactly the ReLU.

    Parameters
    ----------
    x : Tensor, any shape
    temperature : float or Tensor of one number
        T >= 0, in the units of x; a tensor must be positive.

    Examples
    --------
    >>> import torch
    >>> emission(torch.tensor([-1000.0, 0.0, 100.0]), 1.0)
    tensor([  0.0000,   0.6931, 100.0000])
    """
    if isinstance(temperature, Tensor):
        return temperature * F.softplus(x / temperature, threshold=_LINEAR)
    return F.relu(x) if temperature == 0 else F.softplus(x, 1 / temperature, _LINEAR)


def occupation(x: Tensor, temperature: Tensor | float) -> Tensor:
    """1 / (1 + e^{-x/T}), the Fermi function; at T = 0 a step that is 1/2 at 0.

    Examples
    --------
    >>> import torch
    >>> occupation(torch.tensor([-1.0, 0.0, 1.0]), 0.0)
    tensor([0.0000, 0.5000, 1.0000])
    """
    return (1 + x.sign()) / 2 if _is_zero(temperature) else (x / temperature).sigmoid()


def magnetisation(x: Tensor, temperature: Tensor | float) -> Tensor:
    """tanh(x/T), the mean of a spin +-1 in the field x; at T = 0 the sign.

    Examples
    --------
    >>> import torch
    >>> magnetisation(torch.tensor([-2.0, 0.0]), 0.0)
    tensor([-1.,  0.])
    """
    return x.sign() if _is_zero(temperature) else (x / temperature).tanh()


def _is_zero(temperature: Tensor | float) -> bool:
    return not isinstance(temperature, Tensor) and temperature == 0


def rabi(x: Tensor, detuning: float = 0.0) -> Tensor:
    """The probability that a pulse excites a qubit: <n> of exp(-i (x X + d Z) / 2)|0>; without detuning sin^2(x/2).

    Parameters
    ----------
    x : Tensor, any shape
        Rabi frequency times duration, in radians.
    detuning : float
        Detuning times duration, in radians.

    Examples
    --------
    >>> import torch
    >>> rabi(torch.tensor([0.0, torch.pi]))
    tensor([0., 1.])
    """
    if detuning == 0:
        return (x / 2).sin().square()
    length = (x.square() + detuning**2).sqrt()
    return (x * (length / 2).sin() / length).square()
