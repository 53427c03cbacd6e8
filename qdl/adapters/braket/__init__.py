"""Amazon Braket: circuits both ways, through its dialect of OpenQASM 3.

Braket includes no library: its gates are built in, under names of their own. `Circuit.from_qasm` reads the dialect.
"""

from qdl.adapters.braket.convert import from_braket, to_braket, to_openqasm

__all__ = ["from_braket", "to_braket", "to_openqasm"]
