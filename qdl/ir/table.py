"""The gate table as a table to read: ``python -m qdl.ir.table`` prints it as it stands in the README.

``python -m qdl.ir.table channels`` prints the channels.
"""

from __future__ import annotations

import cmath
import math
import sys
from fractions import Fraction

import numpy as np

from qdl.ir.channels import channel_table_markdown
from qdl.ir.circuit import Circuit
from qdl.ir.gates import TABLE, Composite, Exponential, Fixed, Gate, Rotor
from qdl.ir.params import Param, to_text
from qdl.ir.qasm.libraries import STDGATES
from qdl.ir.qasm.writer import BUILT_IN, Writer

START, END = "<!-- gate table -->", "<!-- /gate table -->"
CHANNELS_START, CHANNELS_END = "<!-- channel table -->", "<!-- /channel table -->"

_HEAD = ("gate", "angles", "wires", "kind", "what it is", "OpenQASM 3", "frequencies")


def gate_table_markdown() -> str:
    """The gate table, one line per row, in Markdown.

    Every column follows from the rows: what a gate is, whether OpenQASM's ``stdgates.inc`` has it or which definition
    is written, and the frequencies with which an expectation value turns with its angle (the general shift rule has
    two shifts for each; steps have their own).

    Examples
    --------
    >>> [line for line in gate_table_markdown().splitlines() if line.startswith("| `crz`")]
    ['| `crz` | theta | 2 | exponential | `rz` under 1 control | `crz` | 1/2, 1 |']
    """
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    lines += [_line(_cells(gate)) for gate in TABLE.values()]
    return "\n".join(lines) + "\n"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(gate: Gate) -> list[str]:
    kind = type(gate).__name__.lower()
    angles = ", ".join(gate.angles)
    return [f"`{gate.name}`", angles, str(gate.wires), kind, _meaning(gate), _qasm(gate), _frequencies(gate)]


def _meaning(gate: Gate) -> str:
    if gate.base is not None:
        count = len(gate.controls)
        return f"`{gate.base.name}` under {count} control{'s' if count > 1 else ''}"
    if isinstance(gate, Exponential):
        return f"exp(-i {gate.angles[0]} G), G = {_generator(gate)}"
    if isinstance(gate, Rotor):
        return f"exp(-i ({', '.join(gate.angles)}) · (X, Y, Z) / 2)"
    if isinstance(gate, Composite):
        return f"`{_steps(gate)}`"
    assert isinstance(gate, Fixed)
    return _matrix(gate)


def _generator(gate: Exponential) -> str:
    if gate.pauli:
        return f"{gate.pauli}/2"
    diagonal = [f"{value + 0.0:g}" for value in np.diag(gate.generator).real]
    return diagonal[0] if len(diagonal) == 1 else f"diag({', '.join(diagonal)})"


def _steps(gate: Composite) -> str:
    formal = Param("angle", max(len(gate.angles), 1))

    def named(param: Param, index: int) -> str:
        return gate.angles[index]

    parts = []
    for row, angles, wires in gate.steps(tuple(formal)[: len(gate.angles)], tuple(range(gate.wires))):
        inner = ", ".join(to_text(angle, named, number=_fraction) for angle in angles)
        parts.append(f"{row.name}{f'({inner})' if inner else ''} {' '.join(map(str, wires))}")
    return "; ".join(parts)


def _matrix(gate: Fixed) -> str:
    matrix = gate.constant
    if np.array_equal(matrix, np.abs(matrix)) and gate.wires > 1:
        return f"basis state i to ({', '.join(str(int(row.argmax())) for row in matrix.T)})[i]"
    size = float(np.abs(matrix).max())
    rows = [f"[{', '.join(_complex(value / size) for value in row)}]" for row in matrix]
    factor = "" if math.isclose(size, 1) else f"{_root(size)} · "
    return f"{factor}[{', '.join(rows)}]"


def _complex(value: complex) -> str:
    known = {0: "0", 1: "1", -1: "-1", 1j: "i", -1j: "-i"}
    for number, name in known.items():
        if cmath.isclose(value, number, abs_tol=1e-12):
            return name
    quarters = round(cmath.phase(value) / (math.pi / 4))
    assert cmath.isclose(value, cmath.exp(0.25j * math.pi * quarters), abs_tol=1e-12)
    return f"e^({'-' if quarters < 0 else ''}{'' if abs(quarters) == 1 else abs(quarters)}iπ/4)"


def _root(value: float) -> str:
    return f"1/√{round(value**-2)}"


def _fraction(value: float) -> str:
    if value % 0.25 == 0:
        return str(Fraction(value))
    quarters = Fraction(round(4 * value / math.pi), 4)
    assert math.isclose(quarters * math.pi, value)
    above = {1: "π", -1: "-π"}.get(quarters.numerator, f"{quarters.numerator}π")
    return above if quarters.denominator == 1 else f"{above}/{quarters.denominator}"


def _qasm(gate: Gate) -> str:
    if gate.qasm in BUILT_IN:
        return f"`{gate.qasm}` (built in)"
    if gate.name in STDGATES:
        return f"`{gate.name}`"
    if isinstance(gate, Rotor):
        return "constant angles only, as `gphase` and `U`"
    body = _definition(gate)
    return f"`{body[0]}`" if len(body) == 1 else f"definition of {len(body)} gates"


def _definition(gate: Gate) -> list[str]:
    formal = Param("angle", max(len(gate.angles), 1))
    entries = {(formal, index): name for index, name in enumerate(gate.angles)}
    wires = tuple("abcde"[: gate.wires])
    lines = Writer(Circuit(1)).body(gate, tuple(formal)[: len(gate.angles)], wires, entries)
    return [str(line).rstrip(";") for line in lines]


def _frequencies(gate: Gate) -> str:
    if not gate.angles:
        return ""
    if isinstance(gate, Composite):
        return "of its steps"
    if not isinstance(gate, Exponential):
        return "no rule"
    return ", ".join(map(_fraction, gate.frequencies())) or "none"


if __name__ == "__main__":
    sys.stdout.write(channel_table_markdown() if sys.argv[1:] == ["channels"] else gate_table_markdown())
