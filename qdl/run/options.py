"""The keyword options that every function of the door takes."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from qdl import registry
from qdl.engine.values import real_dtype
from qdl.errors import UnsupportedError, ValuesError
from qdl.grad.execute import Method
from qdl.grad.shift import Shift
from qdl.ir import NoiseModel
from qdl.plan import Choice
from qdl.plan.planner import STRATEGIES, WINDOWS


@dataclass(frozen=True)
class Options:
    """The keyword options of every function.

    Attributes
    ----------
    engine : str or engine object
        ``"state"``; ``"density"``, exact with noise; ``"trajectory"`` or ``"trajectory:5000"``, sampled with noise.
    grad : str
        ``"auto"`` (adjoint; with shots, shift), ``"adjoint"``, ``"autograd"``, ``"shift"``, ``"finite"``, ``"spsa"``.
    shots : int or None
        How often each measurement setting is read, on average: settings whose coefficients are larger get more of them.
        None is exact. With engine ``"trajectory"`` each shot is a trajectory of its own.
    noise : NoiseModel or None
        What is put beside the gates, and how wires are read wrongly. Its gate errors need engine ``"density"`` or
        ``"trajectory"``.
    seed : int, torch.Generator or None
        Where shots come from. An integer gives the same shots each time; None follows torch's default generator.
    device : torch.device, str or None
        Where to compute; None follows the values.
    dtype : torch.dtype or None
        Real or complex, names the precision; None follows the values.
    validate : bool
        Whether values are checked for NaN and infinity.
    memory_budget : int or None
        Bytes a run may use; a batch that needs more runs in pieces. None is most of what is free.
    width : int or None
        Forces the width of blocks (the cost model decides otherwise); for experiments and tests.
    strategy : str or None
        Forces how blocks are carried out: ``"windows"`` (matrix products) or ``"tiles"`` (compiled kernels on the CPU,
        where they can be used); for experiments and tests.
    """

    engine: Any = "state"
    grad: str = "auto"
    shots: int | None = None
    noise: NoiseModel | None = None
    seed: Any = None
    device: Any = None
    dtype: torch.dtype | None = None
    validate: bool = True
    memory_budget: int | None = None
    width: int | None = None
    strategy: str | None = None

    @staticmethod
    def make(given: Mapping[str, Any]) -> Options:
        """Options from keywords, checked."""
        unknown = sorted(set(given) - set(Options.__dataclass_fields__))
        if unknown:
            known = sorted(Options.__dataclass_fields__)
            raise UnsupportedError("unknown options", got=unknown, expected=known, do="check the spelling")
        options = Options(**given)
        if options.noise is not None and not isinstance(options.noise, NoiseModel):
            got = type(options.noise).__name__
            raise UnsupportedError("noise must be a qdl.NoiseModel or None", got=got, do="see qdl.NoiseModel")
        for name in ("shots", "memory_budget", "width"):
            _check_count(name, getattr(options, name))
        if options.strategy not in (None, *STRATEGIES):
            raise UnsupportedError("unknown strategy", got=repr(options.strategy), expected=STRATEGIES)
        if not isinstance(options.grad, str):
            raise UnsupportedError(
                "grad must be the name of a method", got=repr(options.grad), expected="such as 'auto'"
            )
        if options.shots is not None and options.grad not in ("auto", "shift", "spsa"):
            raise UnsupportedError(
                f"grad={options.grad!r} does not go with shots", do="use grad='auto', 'shift' or 'spsa', or shots=None"
            )
        _check_device(options.device)
        real_dtype(options.dtype)
        return options

    def choice(self) -> Choice:
        """What the planner may choose from."""
        # Tile kernels leave no graph behind them, which is what the method 'autograd' walks.
        strategy = WINDOWS if self.strategy is None and self.grad == "autograd" else self.strategy
        return Choice(strategy, self.width)

    def method(self) -> Method:
        """The gradient method."""
        name = ("adjoint" if self.shots is None else "shift") if self.grad == "auto" else self.grad
        found = registry.gradient(name)
        return Shift(physical=True) if isinstance(found, Shift) and self.shots is not None else found


def _check_count(name: str, value: Any) -> None:
    good = isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) > 0
    if value is not None and not good:
        raise ValuesError(f"{name} must be a positive integer or None", got=repr(value))


def _check_device(device: Any) -> None:
    """Refuse a device that cannot be used here, before any work starts."""
    if device is None:
        return
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise ValuesError("this device cannot be used", got=repr(device), do=f"torch says: {first}") from None
