"""The one pragma that says what happens: Braket's matrices, ``#pragma braket unitary([[0, 1], [1, 0]]) q[0]``."""

from __future__ import annotations

import re
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.gates import Fixed, unitary
from qdl.ir.qasm.text import Statement, parse, refuse

_COMMAND = re.compile(r"braket unitary\((.*)\)\s*([^()]*)", re.DOTALL)
_LARGEST = 2.0  # entry that is worth a closer look
_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TERM = re.compile(rf"\s*([+-]?)\s*({_NUMBER})\s*(im)?")


def unitary_pragma(node: Any) -> tuple[Fixed, list[Any]]:
    """The gate of a matrix, and the expressions that name its qubits."""
    found = _COMMAND.fullmatch(node.command.strip())
    if found is None:
        refuse(node, "'pragma' 'braket unitary' is malformed", expected="braket unitary([[0, 1], [1, 0]]) q[0]")
    rows = found[1].strip().removeprefix("[").removesuffix("]").split("]")
    matrix = [[_entry(node, entry) for entry in row.strip(" ,[").split(",")] for row in rows if row.strip(" ,[")]
    if any(abs(entry) > _LARGEST for row in matrix for entry in row):
        refuse(node, "the matrix is not unitary", do="its entries are at most 1")
    operands = parse(Statement(f"barrier {found[2]};", 1)).statements[0].qubits
    try:
        return unitary(matrix), operands
    except CircuitError as error:
        refuse(node, str(error))


def _entry(node: Any, text: str) -> complex:
    """A number such as ``0.5-0.5im``."""
    value, place, text = 0j, 0, text.strip()
    while place < len(text):
        term = _TERM.match(text, place)
        if term is None or (place and not term[1]):
            refuse(node, "a matrix holds numbers", got=text[:40], expected="0.5 - 0.5im")
        number = float(f"{term[1]}{term[2]}")
        value += complex(0, number) if term[3] else number
        place = term.end()
    return value if text else refuse(node, "a matrix holds numbers", got="nothing")
