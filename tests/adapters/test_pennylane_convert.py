"""Circuits to PennyLane and back: the same unitaries, phases included, and the same parameters by name."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qdl.ir import TABLE, Circuit, Param
from tests import oracle
from tests.checks import distance
from tests.strategies import Case, case


def states(function: Any, wires: int, values: dict[str, Any]) -> Any:
    """What a quantum function makes of |0...0> on default.qubit, (*batch, 2**wires)."""

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def node(**given: Any) -> Any:
        function(**given)
        return qml.state()

    return node(**values)


def drawn(seed: int, **options: Any) -> Case:
    draw = Random(seed)
    wires = draw.randint(1, 4)
    return case(draw, wires, draw.randint(1, 4 * wires), **options)


def sizes(circuit: Circuit) -> dict[str, int]:
    return {param.name: param.size for param in circuit.params}


def check_there_and_back(seed: int) -> None:
    found = drawn(seed, batches=[()])
    circuit, values = found.circuit, found.own()
    expected = oracle.states(circuit, values)
    function = circuit.to_pennylane()
    assert distance(states(function, circuit.wires, values), expected) <= 1e-10, f"seed {seed}"
    back = Circuit.from_pennylane(function)
    assert back.wires == circuit.wires
    assert sizes(back) == sizes(circuit)
    assert distance(oracle.states(back, values), expected) <= 1e-10, f"seed {seed}"


@pytest.mark.parametrize("seed", range(60))
def test_circuits_there_and_back(seed: int) -> None:
    check_there_and_back(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_2000_circuits_there_and_back(part: int) -> None:
    for seed in range(1000 + 100 * part, 1100 + 100 * part):
        check_there_and_back(seed)


@pytest.mark.parametrize("controls", ["", "0", "10"])
@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_gate_table(name: str, controls: str) -> None:
    row = TABLE[name]
    wires = max(2, row.wires + len(controls))
    where = [int(w) for w in np.random.default_rng(0).permutation(wires)[: row.wires + len(controls)]]
    x = Param("x", max(1, len(row.angles)))
    numbers = np.random.default_rng(1).uniform(-3, 3, (3, x.size))
    for angles in (list(x), numbers[0].tolist()):
        circuit = Circuit(wires)
        for w in range(wires):
            circuit.ry(0.4 + w, w).rz(0.3 - w, w)
        chosen = angles[: len(row.angles)]
        circuit.gate(name, *chosen, *where[len(controls) :], controls=where[: len(controls)], values=controls)
        values = {"x": numbers} if circuit.params else {}
        expected = oracle.states(circuit, values)
        function = circuit.to_pennylane()
        assert distance(states(function, wires, values), expected) <= 1e-10
        back = Circuit.from_pennylane(function)
        assert distance(oracle.states(back, values), expected) <= 1e-10
        assert sizes(back) == sizes(circuit)
