"""OpenQASM in and out: version 3 and what circuits need of version 2.

`from_qasm` reads gate definitions, inputs, constants, expressions, registers with broadcasting and slices, and the
modifiers ``ctrl``, ``negctrl``, ``inv`` and ``pow`` with an integer. A ``barrier`` is accepted and left out: it has no
effect on a state. Everything else is refused by name and line with a `QasmError`, as is text beyond the limits of
`qdl.ir.qasm.text`.

Gates are read with the matrices of Qiskit's standard library, global phase included; ``U(theta, phi, lambda)`` is the
row ``u`` of the gate table. (The letter of the specification gives ``U``, ``u2`` and ``u3`` other global phases.)
"""

from qdl.ir.qasm.export import to_qasm
from qdl.ir.qasm.reader import from_qasm

__all__ = ["from_qasm", "to_qasm"]
