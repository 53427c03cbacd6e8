"""Braket's circuits and qdl's, through Braket's dialect of OpenQASM: Braket's own simulator says what is right."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from qdl.adapters.braket import from_braket, to_braket, to_openqasm
from qdl.errors import QasmError
from qdl.ir import TABLE, Circuit, Param, sin
from qdl.ir.qasm import from_qasm
from tests.round_trips import ROWS, drawn, same, seeds

pytest.importorskip("braket.circuits")
from braket.circuits import Circuit as Theirs
from braket.circuits import FreeParameter, Gate, Instruction, gates
from braket.circuits.noises import BitFlip
from braket.devices import LocalSimulator
from braket.ir.openqasm import Program

GATES = {
    name: found
    for name, found in inspect.getmembers(gates, inspect.isclass)
    if issubclass(found, Gate) and found.__module__ == gates.__name__ and name not in ("Unitary", "PulseGate")
}
x, theta, a = Param("x", 3), Param("theta", 4), Param("a")


def like_brakets(circuit: Circuit, theirs: Any) -> None:
    """The same unitary, where Braket's own is to be trusted: it mixes up the order of several controls."""
    if all(len(instruction.control) < 2 for instruction in theirs.instructions):
        same(circuit.matrix(), theirs.to_unitary())


def all_wires(circuit: Circuit) -> Circuit:
    """Braket counts the qubits that are used."""
    for wire in range(circuit.wires):
        circuit.id(wire)
    return circuit


def some(draw: np.random.Generator, gate: Any) -> Gate:
    names = [name for name in inspect.signature(gate.__init__).parameters if name not in ("self", "display_name")]
    return gate(*draw.uniform(-2, 2, len(names)))


@pytest.mark.parametrize("name", GATES)
def test_every_gate_of_brakets_is_read(name: str) -> None:
    gate = some(np.random.default_rng(5), GATES[name])
    theirs = Theirs().h(0).i(1).t(2).i(3).add_instruction(Instruction(gate, [3, 1, 0][: gate.qubit_count]))
    same(from_braket(theirs).matrix(), theirs.to_unitary())


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_brakets(name: str) -> None:
    row = TABLE[name]
    numbers = np.random.default_rng(3).uniform(-3, 3, len(row.angles)).tolist()
    c = all_wires(Circuit(6).h(0).t(5).gate(row, *numbers, *range(row.wires, 0, -1)))
    theirs = to_braket(c)
    like_brakets(c, theirs)
    same(from_braket(theirs).matrix(), c.matrix())


def there_and_back(seed: int) -> None:
    made, values = drawn(seed, 10)
    c = all_wires(made)
    theirs = to_braket(c)
    names = {str(parameter) for parameter in theirs.parameters}
    again = from_braket(theirs)
    # A vector of which some entries are used only comes back as those entries.
    numbers: dict[str, Any] = {}
    for param in c.params:
        entries = {f"{param.name}_{index}": value for index, value in enumerate(values[param.name])}
        numbers |= entries | {param.name: values[param.name][0]}
    known = {
        param.name: [numbers[param.name]]
        if param.size == 1 and param.name in names
        else [numbers[f"{param.name}_{index}"] for index in range(param.size)]
        for param in again.params
    }
    same(again.matrix(known), c.matrix(values))


@seeds(15, slow=500)
def test_random_circuits_go_to_braket_and_back(some: range) -> None:
    for seed in some:
        there_and_back(seed)


@pytest.mark.parametrize("seed", range(5))
def test_brakets_modifiers_are_read(seed: int) -> None:
    draw = np.random.default_rng(seed)
    theirs = Theirs().h(0).t(1).i(2).i(3)
    for _ in range(6):
        gate = some(draw, GATES[draw.choice(["X", "H", "Rx", "PRx", "U", "GPi2", "PhaseShift", "V", "XX", "ISwap"])])
        wires = draw.permutation(4).tolist()
        count = int(draw.integers(0, 2))
        power = draw.choice([1, -1, 2, 0.5, -1.5])
        states = [int(draw.integers(0, 2))] * count
        target = wires[count : count + gate.qubit_count]
        theirs.add_instruction(Instruction(gate, target, control=wires[:count], control_state=states, power=power))
    like_brakets(from_braket(theirs), theirs)


def test_what_is_written_runs_on_brakets_simulator() -> None:
    c = (
        Circuit(3)
        .ry(2 * x[0] - sin(x[1]), 0)
        .cx(0, 2)
        .crx(theta[3] * a[0], 2, 1)
        .gphase(0.3)
        .xx_plus_yy(0.4, 0.7, 0, 1)
    )
    values = {"x": [0.3, 0.9, 0.0], "theta": [0.0, 0.0, 0.0, 1.3], "a": [0.7]}
    inputs = {f"{name}_{index}": value for name in ("x", "theta") for index, value in enumerate(values[name])}
    text = to_openqasm(c) + "#pragma braket result state_vector\n"
    program = Program(source=text, inputs={**inputs, "a": 0.7})
    found = LocalSimulator().run(program, shots=0).result().values[0]
    same(found, c.matrix(values)[:, 0])


def test_matrices_boxes_and_results_are_read() -> None:
    matrix = np.linalg.qr(
        np.random.default_rng(2).normal(size=(4, 4)) + 1j * np.random.default_rng(3).normal(size=(4, 4))
    )
    theirs = Theirs().h(0).unitary(matrix=matrix[0], targets=[2, 0]).add_verbatim_box(Theirs().x(1).cnot(1, 2))
    same(from_braket(theirs).matrix(), theirs.to_unitary())
    assert from_braket(Theirs().h(0).cnot(0, 1).probability()).operations == Circuit(2).h(0).cx(0, 1).operations


def test_free_parameters_are_params() -> None:
    alpha, b = FreeParameter("alpha"), [FreeParameter("b_0"), FreeParameter("b_1")]
    theirs = Theirs().rx(0, 2 * alpha - 1).xx(0, 1, b[0] * b[1])
    found = from_braket(theirs)
    assert set(found.params) == {Param("alpha"), Param("b", 2)}
    numbers = {"alpha": 0.3, "b_0": 0.8, "b_1": 1.7}
    same(found.matrix({"alpha": [0.3], "b": [0.8, 1.7]}), theirs.make_bound_circuit(numbers).to_unitary())


def test_measurements_of_its_own_are_read() -> None:
    assert from_braket(Theirs().h(0).cnot(0, 1)).bits == ()
    assert from_braket(Theirs().h(0).cnot(0, 1).measure(1)).bits == ("b_0",)
    c = Circuit(2).h(0).measure([0, 1], ["c_0", "c_1"])
    assert len([one for one in to_braket(c).instructions if one.operator.name == "Measure"]) == 2


def test_noise_is_refused() -> None:
    with pytest.raises(QasmError, match="'pragma' 'braket noise'"):
        from_braket(Theirs().h(0).add_instruction(Instruction(BitFlip(0.1), 0)))
    with pytest.raises(QasmError, match="no words for noise"):
        to_braket(Circuit(1).channel("depolarizing", 0.1, wires=0))


def test_text_of_brakets_is_read_as_it_stands() -> None:
    text = "OPENQASM 3.0;\nqubit[3] q;\nh q[0];\ncnot q[0], q[2];\nxy(0.4) q[2], q[1];\n"
    text += "#pragma braket result state_vector\n"
    run = LocalSimulator().run(Program(source=text), shots=0).result()
    same(from_qasm(text).matrix()[:, 0], run.values[0])
