"""Where the qubits of a laid out circuit are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdl.adapters.qiskit.convert.special import swaps
from qdl.errors import CircuitError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

LAYOUTS = ("physical", "virtual")


def wires(circuit: QuantumCircuit, layout: str) -> dict[int, int]:
    """The wire of each qubit; qubits that are left out have none."""
    if layout not in LAYOUTS:
        raise CircuitError("unknown layout", got=repr(layout), expected=f"one of {', '.join(LAYOUTS)}")
    count = circuit.num_qubits
    if layout == "physical":
        return {qubit: qubit for qubit in range(count)}
    if circuit.layout is None:
        do = "leave layout out, or transpile the circuit"
        raise CircuitError("the circuit has no layout", expected="what transpile returned", do=do)
    final = circuit.layout.final_index_layout(filter_ancillas=True)
    return {**{qubit: wire for wire, qubit in enumerate(final)}, **_ancillas(circuit, final)}


def _ancillas(circuit: QuantumCircuit, final: list[int]) -> dict[int, int]:
    """The wires of the other qubits that something touches."""
    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    touched = {place[q] for part in circuit.data if part.name not in ("barrier", "delay") for q in part.qubits}
    others = sorted(touched - set(final))
    return {qubit: len(final) + k for k, qubit in enumerate(others)}


def routing(circuit: QuantumCircuit, layout: str, found: dict[int, int]) -> list[tuple[int, int]]:
    """Swaps that bring what comes in on wire i to where qubit i of the original circuit begins.

    Where something is measured or reset they are left out: all wires begin in |0>.
    """
    if layout == "physical" or any(part.clbits or part.name in ("reset", "initialize") for part in circuit.data):
        return []
    begins = {found[qubit]: i for i, qubit in enumerate(circuit.layout.initial_index_layout(filter_ancillas=True))}
    others = (i for i in range(1 + max(found.values())) if i not in begins.values())
    return swaps([begins[wire] if wire in begins else next(others) for wire in sorted(found.values())])
