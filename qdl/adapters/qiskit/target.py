"""What the backend takes as it is: Qiskit's standard gates, any unitary matrix, measurements and control flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qiskit.transpiler import Target


def target() -> Target:
    """A target for any number of qubits, all connected."""
    from qiskit.circuit import BoxOp, ForLoopOp, IfElseOp, SwitchCaseOp
    from qiskit.circuit.library import Initialize, UnitaryGate, get_standard_gate_name_mapping
    from qiskit.transpiler import Target

    # No number of qubits: the transpiler would make every circuit that large.
    found = Target(description="qdl", num_qubits=None)
    for name, instruction in get_standard_gate_name_mapping().items():
        found.add_instruction(instruction, name=name)
    variadic = {"unitary": UnitaryGate, "initialize": Initialize}
    flow = {"if_else": IfElseOp, "switch_case": SwitchCaseOp, "for_loop": ForLoopOp, "box": BoxOp}
    for name, kind in {**variadic, **flow}.items():
        found.add_instruction(kind, name=name)
    return found
