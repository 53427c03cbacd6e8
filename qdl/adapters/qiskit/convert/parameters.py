"""Qiskit's parameters as entries of Params, and their expressions as ours.

The entries of ``ParameterVector("theta", 4)`` are those of ``Param("theta", 4)``, and ``Parameter("a")`` is the one of
``Param("a")``. A name that is no identifier becomes one: ``"$\\beta$"`` is ``beta``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from qdl.errors import CircuitError
from qdl.ir.params import Angle, Expr, Param, apply, as_angle

if TYPE_CHECKING:
    from qiskit.circuit import Parameter

Symbols = Callable[[Any], Angle]  # what a parameter stands for

_TWO_SIDED = {
    "ADD": "add",
    "SUB": "add",
    "MUL": "mul",
    "DIV": "div",
    "POW": "pow",
    "RSUB": "add",
    "RDIV": "div",
    "RPOW": "pow",
}
_FEW = 8  # terms that are added one by one
_FUNCTIONS = {
    "SIN": "sin",
    "COS": "cos",
    "TAN": "tan",
    "ASIN": "arcsin",
    "ACOS": "arccos",
    "ATAN": "arctan",
    "EXP": "exp",
    "LOG": "log",
}
_ENTRY = re.compile(r"(.+)\[(0|[1-9]\d{0,5})\]")


def identifier(text: str, taken: Iterable[str] = ()) -> str:
    """The name with what no identifier may hold replaced; numbered if it is taken.

    Examples
    --------
    >>> identifier("my reg!"), identifier("2x"), identifier("a", {"a"})
    ('my_reg', '_2x', 'a_v1')
    """
    stem = text if text.isidentifier() else re.sub(r"\W+", "_", text).strip("_") or "name"
    stem = stem if stem.isidentifier() else f"_{stem}"
    used, name, count = set(taken), stem, 0
    while name in used:
        count += 1
        name = f"{stem}_v{count}"
    return name


def entries(parameters: Iterable[Parameter]) -> dict[Parameter, tuple[Param, int]]:
    """Each of Qiskit's parameters as an entry of a Param: the Param, and the place in it.

    Examples
    --------
    >>> from qiskit.circuit import Parameter, ParameterVector
    >>> list(entries([Parameter("a"), ParameterVector("theta", 4)[2]]).values())
    [(Param(name='a', size=1), 0), (Param(name='theta', size=4), 2)]
    """
    return {parameter: place for parameter, (place, _) in _placed(parameters).items()}


def origins(parameters: Iterable[Parameter]) -> dict[str, tuple[str, bool]]:
    """For each Param what Qiskit called it, and whether that was a vector; only where this is not plain."""
    found = {param.name: (param, origin) for (param, _), origin in _placed(parameters).values()}
    return {name: origin for name, (param, origin) in found.items() if origin != (name, param.size > 1)}


def _placed(parameters: Iterable[Parameter]) -> dict[Parameter, tuple[tuple[Param, int], tuple[str, bool]]]:
    """Each parameter's entry, and what that Param was. Scalars x[0], x[1], ... without gaps make a vector, too."""
    places = {p: _place(p) for p in parameters}
    known: dict[str, set[int]] = {}  # numbers of each stem
    for stem, index, size in places.values():
        if index is not None:
            known.setdefault(stem, set()).update({index, *range(size)})
    names: dict[str, str] = {}
    for stem, numbers in known.items():
        if numbers == set(range(len(numbers))):
            names[stem] = identifier(stem, names.values())
    alone = set(names.values())
    out = {}
    for p, (stem, index, _) in places.items():
        if index is not None and stem in names:
            out[p] = (Param(names[stem], len(known[stem])), index), (stem, True)
        else:
            name = identifier(p.name, alone)
            alone.add(name)
            out[p] = (Param(name), 0), (p.name, False)
    return out


def _place(parameter: Any) -> tuple[str, int | None, int]:
    """The vector that a parameter belongs to, by object or by name, its number there, and the vector's size."""
    if hasattr(parameter, "vector"):
        return parameter.vector.name, parameter.index, len(parameter.vector)
    match = _ENTRY.fullmatch(parameter.name)
    return (match[1], int(match[2]), 0) if match else (parameter.name, None, 0)


class Angles:
    """Turns what stands in Qiskit's instructions into angles.

    Parameters
    ----------
    places : dict
        What `entries` returns for the circuit's parameters.
    """

    def __init__(self, places: Mapping[Parameter, tuple[Param, int]]) -> None:
        self.symbols: dict[Any, Angle] = {p: param[index] for p, (param, index) in places.items()}

    def __call__(self, value: Any) -> Angle:
        """A number, a parameter or an expression as an angle."""
        return as_angle(value) if type(value) is float else self._within(value, self.symbols.__getitem__)

    def _within(self, value: Any, known: Symbols) -> Angle:
        """The same where parameters stand for what `known` says."""
        if not hasattr(value, "_qpy_replay"):
            return as_angle(_real(value, value))
        if isinstance(value, _parameter()):
            return known(value)
        if not value.parameters:
            return as_angle(_real(complex(value), value))
        return self._replayed(value, known)

    def _replayed(self, expression: Any, known: Symbols) -> Angle:
        """The expression, built once more from the record that Qiskit keeps for its files.

        Operations without a left or right side take what came out last. In Qiskit below 2.1 what was put in for a
        parameter afterwards is recorded apart, and counts for all operations before.
        """
        steps = []
        for step in reversed(expression._qpy_replay):
            if hasattr(step, "binds"):
                known = self._replaced(step.binds, known)
            else:
                steps.append((step, known))
        stack: list[list[Angle]] = []
        for step, symbols in reversed(steps):
            stack.append(self._operation(step, stack, symbols, expression))
        return _total(stack[-1])

    def _replaced(self, binds: Mapping[Any, Any], known: Symbols) -> Symbols:
        return lambda parameter: self._within(binds[parameter], known) if parameter in binds else known(parameter)

    def _operation(self, step: Any, stack: list[list[Angle]], known: Symbols, whole: Any) -> list[Angle]:
        """The outcome of one operation, as the terms of a sum: long ones would nest too deeply if added one by one."""
        name = getattr(step.op, "name", None) or str(step.op).rpartition(".")[2]

        def side(value: Any) -> list[Angle]:
            return stack.pop() if value is None else [self._within(value, known)]

        if name in _FUNCTIONS:
            return [apply(_FUNCTIONS[name], _total(side(step.lhs)))]
        if name in ("ABS", "CONJ"):
            inner = side(step.lhs)
            return inner if name == "CONJ" else [_magnitude(_total(inner))]
        if name not in _TWO_SIDED:
            raise _unsupported(f"{name.lower()}()", whole)
        right = side(step.rhs)
        left = side(step.lhs)
        if name.startswith("R"):
            name, left, right = name[1:], right, left
        if name == "ADD":
            return left + right
        if name == "SUB":
            return [*left, apply("mul", -1.0, _total(right))]
        return [apply(_TWO_SIDED[name], _total(left), _total(right))]


def _total(terms: list[Angle]) -> Angle:
    """The sum of terms, added in pairs if they are many."""
    while len(terms) > _FEW:
        pairs = (apply("add", *pair) for pair in zip(terms[::2], terms[1::2], strict=False))
        terms = [*pairs, *terms[len(terms) & ~1 :]]
    total = terms[0]
    for term in terms[1:]:
        total = apply("add", total, term)
    return total


@cache
def _parameter() -> type:
    from qiskit.circuit import Parameter

    return Parameter


def _magnitude(angle: Angle) -> Angle:
    """|x| as the square root of x^2, whose derivative at 0 counts as zero."""
    return apply("root", apply("mul", angle, angle)) if isinstance(angle, Expr) else abs(angle)


def _real(value: Any, shown: Any) -> Any:
    if isinstance(value, complex):
        if value.imag:
            raise CircuitError("an angle must be real", got=shown)
        return value.real
    return value


def _unsupported(what: str, expression: Any) -> CircuitError:
    return CircuitError(
        f"{what} in a ParameterExpression has no counterpart",
        got=f"{expression}"[:80],
        expected="+ - * / ** abs sin cos tan arcsin arccos arctan exp log",
        do="put a new Parameter in its place and compute its value before it is bound",
    )
