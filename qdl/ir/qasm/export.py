"""Circuits to OpenQASM, in the version that is asked for."""

from __future__ import annotations

from qdl.errors import QasmError
from qdl.ir.circuit import Circuit
from qdl.ir.qasm.version2 import Writer2
from qdl.ir.qasm.writer import Writer


def to_qasm(circuit: Circuit, version: int = 3) -> str:
    """Write a circuit as OpenQASM.

    Every vector Param becomes inputs ``name_0``, ``name_1``, ...; numbers that are short fractions of pi are written
    as such, all others with every digit that matters. The bits ``c_0 ... c_k`` become one register ``c``; a bit whose
    name is taken is renamed.

    Parameters
    ----------
    circuit : Circuit
    version : int
        3, or 2 for circuits without Params and global phases, whose conditions ask for bits of one register each. There
        a bit ``m`` of its own becomes ``m[0]``, which reads back as ``m_0``.

    Returns
    -------
    str
        Text that `from_qasm` and other tools read back to the same unitary, or the same distribution.

    Raises
    ------
    QasmError
        Naming the gate that OpenQASM, or this version of it, cannot say: a dense matrix on several wires, ``rv`` with
        free angles, ``prepare``, noise.

    Examples
    --------
    >>> from qdl.ir.params import Param
    >>> print(to_qasm(Circuit(2).rx(Param("t"), 0).cx(0, 1)))
    OPENQASM 3.0;
    include "stdgates.inc";
    input float[64] t_0;
    qubit[2] q;
    rx(t_0) q[0];
    cx q[0], q[1];
    """
    if version == 3:
        return Writer(circuit).text()
    if version == 2:
        return Writer2(circuit).text()
    raise QasmError("OpenQASM has no such version here", got=repr(version), expected="3 or 2")
