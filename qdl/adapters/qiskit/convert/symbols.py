"""Params as Qiskit's parameters, and our expressions as theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qdl.ir.params import Angle, Expr, Param

_METHODS = ("sin", "cos", "tan", "exp", "log", "arcsin", "arccos", "arctan")
_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "sqrt": lambda a: a**0.5,
    "root": lambda a: a**0.5,
    **{name: lambda a, name=name: getattr(a, name)() for name in _METHODS},
}


class Symbols:
    """The parameters that stand for Params: a scalar for one of size 1, else a vector, by name.

    Parameters
    ----------
    params : iterable of Param
    labels : dict
        For some Params another name, and whether it is that of a vector.

    Examples
    --------
    >>> theta = Param("theta", 2)
    >>> print(Symbols([theta], {})(2 * theta[1] - 1))
    -1 + 2*theta[1]
    """

    def __init__(self, params: Iterable[Param], labels: Mapping[str, tuple[str, bool]]) -> None:
        from qiskit.circuit import Parameter, ParameterVector

        self._entries: dict[str, Any] = {}
        for param in params:
            name, vector = labels.get(param.name, (param.name, param.size > 1))
            self._entries[param.name] = (
                ParameterVector(name, param.size) if vector or param.size > 1 else [Parameter(name)]
            )

    def __call__(self, angle: Angle) -> Any:
        """An angle as a number or ParameterExpression."""
        if not isinstance(angle, Expr):
            return angle
        if angle.op == "entry":
            param, index = angle.args
            return self._entries[param.name][index]
        return _OPERATORS[angle.op](*map(self, angle.args))
