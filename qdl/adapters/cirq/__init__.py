"""Cirq: circuits both ways, with symbols.

`Circuit.from_qasm` reads what ``cirq.Circuit.to_qasm`` writes, and Cirq reads what `Circuit.to_qasm` writes in version
2; but OpenQASM 2 has no symbols, and Cirq rounds its angles there. These two keep both.
"""

from qdl.adapters.cirq.from_cirq import from_cirq
from qdl.adapters.cirq.to_cirq import to_cirq

__all__ = ["from_cirq", "to_cirq"]
