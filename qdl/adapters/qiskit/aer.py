"""Qiskit Aer as an engine: ``engine="aer"`` or ``engine="aer:<method>"``.

What is exact: pure circuits by the methods ``statevector``, ``stabilizer`` and, to 1e-8, ``matrix_product_state``;
channels and resets by ``density_matrix``, however weak they are. What depends on a measured bit Aer samples, whatever
the method; so such circuits are read with shots. The method ``stabilizer`` takes Clifford circuits; it draws Pauli
errors and resets, and leaves out what is less likely than 1e-10.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qdl.adapters.qiskit import measured
from qdl.adapters.qiskit.circuits import Translation
from qdl.adapters.qiskit.prepared import Expvals, Probs, Samples
from qdl.engine.memory import check_state
from qdl.engine.remote import Program, Setting
from qdl.errors import UnsupportedError
from qdl.ir.channels import Channel, Measure
from qdl.ir.observables import Word

METHODS = ("automatic", "statevector", "density_matrix", "matrix_product_state", "stabilizer")


class Aer:
    """Qiskit Aer as a remote engine (see `qdl.engine.remote.Remote`).

    Parameters
    ----------
    method : str
        ``"statevector"``, ``"density_matrix"``, ``"matrix_product_state"``, ``"stabilizer"``; ``"automatic"`` takes
        the state vector where that is exact or cheaper, else the density matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from qdl.engine.remote import program
    >>> from qdl.ir import Circuit, Param, Z
    >>> x = Param("x", 1)
    >>> made, _ = program(Circuit(1).rx(x[0], 0).channel("bit_flip", 0.25, wires=0).operations, 1)
    >>> (word,) = Z(0).terms
    >>> Aer("density_matrix").expvals(made, [word]).run(np.array([[0.0], [np.pi]]))
    array([[ 0.5], [-0.5]])
    """

    def __init__(self, method: str = "automatic") -> None:
        if method not in METHODS:
            raise UnsupportedError("unknown method of Aer", got=repr(method), expected=f"one of {', '.join(METHODS)}")
        self.method = method

    def expvals(self, program: Program, words: Sequence[Word]) -> Expvals:
        """Exact expectation values of words."""
        made, _ = measured.exact(program)
        return Expvals(Translation(made, self._exact(made), exact=True), words)

    def probs(self, program: Program, names: Sequence[int | str]) -> Probs:
        """Exact probabilities of the joint values of wires and bits."""
        made, places = measured.exact(program, names)
        return Probs(Translation(made, self._exact(made), exact=True), places)

    def samples(self, program: Program, settings: Sequence[Setting]) -> Samples:
        """Outcomes of each setting."""
        program = measured.sampled(program, {name for setting in settings for name in setting.names})
        method = self.method
        if method == "automatic":
            noisy = any(isinstance(op.gate, Channel) and op.gate.name != "reset" for op in program.operations)
            at_end = all(measured.last(program, index) for index in measured.measures(program))
            cheap = 2**program.wires <= min(setting.shots for setting in settings)
            once = at_end and not measured.conditions(program)
            method = "density_matrix" if noisy and once and cheap else "statevector"
        _check_memory(program, method)
        return Samples(Translation(program, method, exact=False), settings)

    def _exact(self, program: Program) -> str:
        """The method that is exact for a program."""
        mixed = any(isinstance(op.gate, (Channel, Measure)) for op in program.operations)
        method = self.method
        if method == "automatic":
            method = "density_matrix" if mixed else "statevector"
        if mixed and method != "density_matrix":
            raise UnsupportedError(
                f"Aer's method {method!r} samples channels and measurements",
                do="use engine='aer:density_matrix', or give a number of shots",
            )
        _check_memory(program, method)
        return method


def _check_memory(program: Program, method: str) -> None:
    """Refuse states that do not fit, before anything is sent."""
    levels = {"statevector": 1, "density_matrix": 2}.get(method, 0)
    smaller = "'aer:matrix_product_state'" if levels == 1 else "'aer:statevector' with shots"
    wires = f"{program.wires} wires by the method {method!r}"
    check_state("Aer's state", wires, levels * program.wires, program.dtype == torch.float32, f"use engine={smaller}")
