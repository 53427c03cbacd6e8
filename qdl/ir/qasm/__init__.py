"""OpenQASM in and out, versions 2 and 3.

`from_qasm` reads gate definitions, inputs (scalars and arrays), constants, variables and arrays of numbers,
expressions, registers with broadcasting, slices, ``let`` and ``++``, physical qubits, and the modifiers ``ctrl``,
``negctrl``, ``inv`` and ``pow``. ``for``, ``while`` and ``def`` are written out while the text is read, as far as it is
known then how often and with what. A ``barrier``, a ``box``, an annotation have no effect on a state and are left out;
a ``delay`` is kept. Everything else is refused by name and line with a `QasmError`, as is text beyond the limits of
`qdl.ir.qasm.text`. An ``include`` names one of the two libraries that are known here, ``stdgates.inc`` and
``qelib1.inc``; no file is ever read. A program of version 3 without one finds the gates of Braket's dialect, with their
pragma of matrices.

Measurement and feedback are ``bit``, ``creg``, ``measure``, ``reset``, ``if`` with ``else``, and ``switch``. In a
condition bits, registers (index 0 is the least significant) and integers may be joined by comparisons, ``&& || !``, ``&
| ^ ~ << >>`` and casts; ``bool``, ``int`` and ``uint`` variables hold what such an expression was when they were
assigned. Bits are written by ``measure`` alone. Refused are loops and ``break`` that depend on measured bits,
arithmetic on bits, and whatever in a block follows a measurement of a bit on which the block itself depends. A block
whose condition is known beforehand is read or left out.

Fractional powers are the principal ones, and need numbers for angles. A division of integers drops its remainder where
an integer is asked for; in an angle it must come out even. The widths of types are not imitated.

The other way, an operation's condition becomes blocks inside each other if it accepts one value, which Qiskit's
importer reads as well, and an expression otherwise; noise has no words in OpenQASM and is refused, and so are Params in
version 2, which has no inputs: bind them first.

Gates are read with the matrices of Qiskit's standard library, global phase included; ``U(theta, phi, lambda)`` is the
row ``u`` of the gate table. (The letter of the specification gives ``U``, ``u2`` and ``u3`` other global phases.)
"""

from qdl.ir.qasm.export import to_qasm
from qdl.ir.qasm.reader import from_qasm

__all__ = ["from_qasm", "to_qasm"]
