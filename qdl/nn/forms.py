"""Layers that are known in two forms: a closed one, and a circuit for every engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.ir import Circuit, Observable
from qdl.run import compile as plan


class TwoForms:
    """Mixed into a module: ``engine="closed"`` unless said, else the circuit's plan under its options.

    Attributes
    ----------
    options : dict
        As given: ``engine`` and those of `qdl.compile`.
    """

    options: dict[str, Any]
    _observable: Observable
    _compiled: Any

    def _choose(self, observable: Observable, options: dict[str, Any]) -> None:
        self._observable, self.options = observable, options
        self._compiled = self._plan(options)

    @property
    def circuit(self) -> Circuit:
        """What one value of the output is measured on, made anew."""
        raise NotImplementedError

    def _plan(self, options: dict[str, Any]) -> Any:
        if options.get("engine", "closed") != "closed":
            return plan(self.circuit, self._observable, **options)
        allowed = {"engine": ("closed",), "grad": ("auto", "autograd"), "validate": (True, False)}
        wrong = {k: v for k, v in options.items() if v is not None and v not in allowed.get(k, ())}
        if set(wrong) - {"seed"}:
            raise UnsupportedError(
                "the closed form is exact and takes no such options",
                got=", ".join(f"{name}={value!r}" for name, value in wrong.items()),
                do='choose another engine, such as engine="state"',
            )
        return None

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set: what `qdl.nn.configure` sets."""
        options = {**self.options, **changes}
        return {"options": options, "_compiled": self._plan(options)}

    @property
    def engine(self) -> Any:
        """``"closed"``, or what runs the circuit."""
        return self.options.get("engine", "closed")

    def _run(self, values: Mapping[str, Tensor]) -> Tensor:
        """The circuit's expectation value; values that it does not use are left out."""
        read: Tensor = self._compiled({param.name: values[param.name] for param in self._compiled.params})
        return read
