"""Layers whose forward pass is planned under options; and those that are known in a closed form besides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.ir import Circuit
from qdl.run import compile as plan


class Planned:
    """Mixed into a module that runs what `_plan` makes of its options.

    Attributes
    ----------
    options : dict
        As given: ``engine`` and those of `qdl.compile`.
    """

    options: dict[str, Any]
    _compiled: Any

    def _plan(self, options: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _choose(self, options: dict[str, Any]) -> None:
        self.options, self._compiled = options, self._plan(options)

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set: what `qdl.nn.configure` sets."""
        options = {**self.options, **changes}
        return {"options": options, "_compiled": self._plan(options)}

    def _run(self, values: Mapping[str, Tensor]) -> Tensor:
        """What is read; values that the plan does not use are left out."""
        read: Tensor = self._compiled({param.name: values[param.name] for param in self._compiled.params})
        return read


class TwoForms(Planned):
    """``engine="closed"`` unless said, else an engine that runs the circuit.

    The closed form is exact. Where shots or noise are asked for and no engine is named, ``"state"`` runs the circuit.
    """

    _observables: Any = None

    @property
    def circuit(self) -> Circuit:
        """What one value of the output is measured on, made anew."""
        raise NotImplementedError

    def _of_circuit(self, options: dict[str, Any]) -> Any:
        """The circuit, read, as an engine runs it."""
        return plan(self.circuit, self._observables, **options)

    def _plan(self, options: dict[str, Any]) -> Any:
        engine = options.get("engine")
        if engine is None and any(options.get(name) is not None for name in ("shots", "noise")):
            return self._of_circuit({**options, "engine": "state"})
        if engine not in (None, "closed"):
            return self._of_circuit(options)
        allowed = {"engine": ("closed",), "grad": ("auto", "autograd"), "validate": (True, False)}
        wrong = {k: v for k, v in options.items() if v is not None and v not in allowed.get(k, ())}
        if set(wrong) - {"seed"}:
            raise UnsupportedError(
                "the closed form is exact and takes no such options",
                got=", ".join(f"{name}={value!r}" for name, value in wrong.items()),
                do='choose another engine, such as engine="state"',
            )
        return None

    @property
    def engine(self) -> Any:
        """``"closed"``, or what runs the circuit."""
        return "closed" if self._compiled is None else self.options.get("engine") or "state"
