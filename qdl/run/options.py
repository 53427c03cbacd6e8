"""The keyword options that every function of the door takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from qdl import registry
from qdl.engine.values import real_dtype
from qdl.errors import UnsupportedError, ValuesError
from qdl.grad.execute import Method


@dataclass(frozen=True)
class Options:
    """The keyword options of every function.

    Attributes
    ----------
    engine : str or engine object
        ``"state"``.
    grad : str
        ``"auto"`` (adjoint; with shots, shift), ``"adjoint"``, ``"autograd"``, ``"shift"``, ``"finite"``.
    shots : int or None
        How often each measurement setting is read; None is exact.
    noise : None
        Noise models come with an engine that can carry them.
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
    """

    engine: Any = "state"
    grad: str = "auto"
    shots: int | None = None
    noise: None = None
    seed: Any = None
    device: Any = None
    dtype: torch.dtype | None = None
    validate: bool = True
    memory_budget: int | None = None
    width: int | None = None

    @staticmethod
    def make(given: Mapping[str, Any]) -> Options:
        """Options from keywords, checked."""
        unknown = sorted(set(given) - set(Options.__dataclass_fields__))
        if unknown:
            known = sorted(Options.__dataclass_fields__)
            raise UnsupportedError("unknown options", got=unknown, expected=known, do="check the spelling")
        options = Options(**given)
        if options.noise is not None:
            raise UnsupportedError(
                "engine 'state' simulates pure states", got=f"noise={options.noise!r}", do="leave noise out"
            )
        if options.shots is not None and not (
            isinstance(options.shots, int) and not isinstance(options.shots, bool) and options.shots > 0
        ):
            raise ValuesError("shots must be a positive integer or None", got=repr(options.shots))
        if options.shots is not None and options.grad in ("adjoint", "autograd"):
            raise UnsupportedError(
                f"grad={options.grad!r} is exact and does not see shots", do="use grad='auto' or 'shift', or shots=None"
            )
        real_dtype(options.dtype)
        return options

    def method(self) -> Method:
        """The gradient method."""
        name = ("adjoint" if self.shots is None else "shift") if self.grad == "auto" else self.grad
        return registry.gradient(name)
