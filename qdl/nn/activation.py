"""Activations as what a measurement finds: emission, occupation, magnetisation, excitation."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import UnsupportedError, ValuesError
from qdl.ir import Circuit, N, Param
from qdl.nn.arguments import require_real
from qdl.nn.forms import TwoForms
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision
from qdl.nn.scale import require_finite
from qdl.nn.seeds import fixed, require_seed
from qdl.physics.activations import emission, magnetisation, occupation, rabi

COLDEST = 1e-30


class Thermal(nn.Module):
    """What activations with a temperature share: a number, or the parameter ``log_temperature``.

    Attributes
    ----------
    temperature : float or Tensor
    """

    log_temperature: nn.Parameter | None

    def __init__(
        self, temperature: float = 1.0, *, trainable: bool = False, device: Any = None, dtype: torch.dtype | None = None
    ) -> None:
        super().__init__()
        self._start = require_real("temperature", temperature, least=0)
        if 0 < self._start < COLDEST:
            raise ValuesError("the temperature makes no sense", got=temperature, expected=f"0, or at least {COLDEST}")
        if trainable and self._start == 0:
            raise UnsupportedError("a temperature of 0 cannot be trained", do="start from a positive one")
        require_known_precision(dtype)
        start = nn.Parameter(torch.empty((), device=device, dtype=dtype)) if trainable else None
        self.register_parameter("log_temperature", start)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """A trained temperature back to where it started."""
        if self.log_temperature is not None:
            nn.init.constant_(self.log_temperature, log(self._start))

    @property
    def temperature(self) -> Tensor | float:
        return self._start if self.log_temperature is None else self.log_temperature.exp()

    def extra_repr(self) -> str:
        if self.log_temperature is None:
            return f"temperature={self._start:g}"
        return f"temperature={self.log_temperature.exp().item():g}, trainable=True"


class Photoelectric(Thermal):
    """The softplus T ln(1 + e^{(x - W0)/T}): electrons emitted at the work function W0 and the temperature T.

    At T = 0 it is exactly the ReLU of x - W0, the energy that a photoelectron leaves with; it exceeds that by at most
    T ln 2, at the threshold (PHYSICS.md A7; the photoelectric reading is ours). With an exposure it counts: in training
    the output is K / exposure with K drawn from a Poisson law of mean N * exposure, so that its mean is N and its
    variance N / exposure; after ``eval()`` it is N. The gradient is that of N: right for the mean of the output, and
    for every loss that is linear in it.

    Parameters
    ----------
    temperature : float
        T >= 0, in the units of x.
    work_function : float
        W0, in the units of x; minus a bias.
    exposure : float, optional
        How long it counts; None for ever, without noise.
    trainable : bool
        Whether T is trained, by its logarithm.
    seed : int, torch.Generator or None
        Of the counts. With an integer every pass draws the same.
    device, dtype
        Of the parameter.

    Examples
    --------
    >>> x = torch.tensor([-1.0, 0.0, 2.0])
    >>> Photoelectric(temperature=0.0)(x), Photoelectric()(x)
    (tensor([0., 0., 2.]), tensor([0.3133, 0.6931, 2.1269]))
    """

    def __init__(
        self,
        temperature: float = 1.0,
        work_function: float = 0.0,
        *,
        exposure: float | None = None,
        trainable: bool = False,
        seed: Any = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(temperature, trainable=trainable, device=device, dtype=dtype)
        self.work_function = require_real("work function", work_function)
        self.exposure = None if exposure is None else require_real("exposure", exposure, positive=True)
        require_seed(seed)
        self.seed = seed

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        require_precision(x, self)
        rate = emission(x - self.work_function, self.temperature)
        if self.exposure is None or not self.training:
            return rate
        require_finite(x.detach().abs().sum())
        # What is added is zero: it carries the derivative of the mean.
        return self._counts(rate.detach() * self.exposure) / self.exposure + (rate - rate.detach())

    def _counts(self, mean: Tensor) -> Tensor:
        if self.seed is None:
            return torch.poisson(mean)
        return torch.poisson(mean, torch.Generator(mean.device).manual_seed(fixed(self.seed)))

    def extra_repr(self) -> str:
        counting = "" if self.exposure is None else f", exposure={self.exposure:g}"
        return f"{super().extra_repr()}, work_function={self.work_function:g}{counting}"


class _ThermalFunction(Thermal):
    _function: Callable[[Tensor, Tensor | float], Tensor]

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        require_precision(x, self)
        return type(self)._function(x, self.temperature)


class Fermi(_ThermalFunction):
    """The sigmoid 1/(1 + e^{-x/T}): the mean occupation of a level that lies x below the Fermi energy.

    It is also the mean of a hidden unit of an RBM. At T = 0 it is a step, 1/2 at 0. (PHYSICS.md A8: ours)

    Parameters
    ----------
    temperature : float
        T >= 0, in the units of x.
    trainable : bool
        Whether T is trained, by its logarithm.
    device, dtype
        Of the parameter.

    Examples
    --------
    >>> Fermi()(torch.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """

    _function = staticmethod(occupation)


class Magnetisation(_ThermalFunction):
    """The hyperbolic tangent tanh(x/T): the mean of a spin +-1 in the field x.

    At T = 0 it is the sign. Arguments as for `Fermi`. (PHYSICS.md A8: ours)

    Examples
    --------
    >>> Magnetisation()(torch.tensor([0.0, 2.0]))
    tensor([0.0000, 0.9640])
    """

    _function = staticmethod(magnetisation)


class Rabi(TwoForms, nn.Module):
    """sin^2(x/2): the probability that a pulse of area x excites a qubit; with a detuning, Rabi's formula.

    Parameters
    ----------
    detuning : float
        Detuning times duration, in radians.
    **options
        ``engine`` (``"closed"`` unless said; with shots or noise ``"state"``), and the options of `qdl.compile`.

    Examples
    --------
    >>> x = torch.tensor([0.0, torch.pi / 2, torch.pi])
    >>> Rabi()(x), Rabi(engine="state")(x)
    (tensor([0.0000, 0.5000, 1.0000]), tensor([0.0000, 0.5000, 1.0000]))
    """

    _observables = N(0)

    def __init__(self, detuning: float = 0.0, **options: Any) -> None:
        super().__init__()
        self.detuning = require_real("detuning", detuning)
        self._choose(options)

    @property
    def circuit(self) -> Circuit:
        """The pulse."""
        return Circuit(1).rv(Param("x", 1)[0], 0, self.detuning, 0)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        require_precision(x, self)
        return rabi(x, self.detuning) if self._compiled is None else self._run({"x": x[..., None]})

    def extra_repr(self) -> str:
        return f"detuning={self.detuning:g}, engine={self.engine}"
