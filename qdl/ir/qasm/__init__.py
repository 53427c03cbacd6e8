"""OpenQASM in and out: version 3 and what circuits need of version 2.

`from_qasm` reads gate definitions, inputs, constants, expressions, registers with broadcasting and slices, and the
modifiers ``ctrl``, ``negctrl``, ``inv`` and ``pow`` with an integer. A ``barrier`` is accepted and left out: it has no
effect on a state. Everything else is refused by name and line with a `QasmError`, as is text beyond the limits of
`qdl.ir.qasm.text`.

Measurement and feedback are ``bit``, ``creg``, ``measure``, ``reset``, ``if`` with ``else``, and ``switch``. In a
condition bits, registers (index 0 is the least significant) and integers may be joined by comparisons, ``&& || !``,
``& | ^ ~ << >>`` and casts; ``bool``, ``int`` and ``uint`` variables hold what such an expression was when they were
assigned. Bits are written by ``measure`` alone. Refused are loops, arithmetic on bits, and whatever in a block follows
a measurement of a bit on which the block itself depends. A block whose condition is known beforehand is read or left
out.

The other way, an operation's condition becomes blocks inside each other if it accepts one value, which Qiskit's
importer reads as well, and an expression otherwise; noise has no words in OpenQASM and is refused.

Gates are read with the matrices of Qiskit's standard library, global phase included; ``U(theta, phi, lambda)`` is the
row ``u`` of the gate table. (The letter of the specification gives ``U``, ``u2`` and ``u3`` other global phases.)
"""

from qdl.ir.qasm.export import to_qasm
from qdl.ir.qasm.reader import from_qasm

__all__ = ["from_qasm", "to_qasm"]
