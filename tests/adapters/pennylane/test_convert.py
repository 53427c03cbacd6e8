"""Circuits to PennyLane and back: the same unitaries, phases included, and the same parameters by name."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qdl.errors import UnsupportedError
from qdl.ir import TABLE, Circuit, Param
from tests import noisy_oracle, oracle
from tests.adapters.pennylane.functions import SIZES, quantum_function
from tests.checks import distance
from tests.strategies import CHANNEL_NAMES, Case, case, noisy_case


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


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_gate_table(name: str) -> None:
    for controls in ("", "0", "10"):
        check_row(name, controls)


def check_row(name: str, controls: str) -> None:
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


def check_back_and_there(seed: int) -> None:
    function, wires = quantum_function(seed)
    numbers = np.random.default_rng(seed)
    values = {name: numbers.uniform(-2, 2, size) for name, size in SIZES.items()}
    expected = qml.matrix(function, wire_order=range(wires))(**values)
    circuit = Circuit.from_pennylane(function, Param("x", 4), theta=Param("theta", 3))
    assert circuit.wires == wires
    assert distance(circuit.matrix(values), expected) <= 1e-10, f"seed {seed}"
    back = circuit.to_pennylane()
    assert {p.name: p.size for p in back.params}.items() <= SIZES.items()
    own = {p.name: values[p.name] for p in back.params}
    assert distance(qml.matrix(back, wire_order=range(wires))(**own), expected) <= 1e-10, f"seed {seed}"
    plain = Circuit.from_pennylane(function, **values)
    assert plain.params == ()
    assert distance(plain.matrix(), expected) <= 1e-10, f"seed {seed}"


@pytest.mark.parametrize("seed", range(60))
def test_functions_back_and_there(seed: int) -> None:
    check_back_and_there(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_2000_functions_back_and_there(part: int) -> None:
    for seed in range(1000 + 100 * part, 1100 + 100 * part):
        check_back_and_there(seed)


def check_noisy(seed: int) -> bool:
    """Noise, measurements and conditions there and back; False if PennyLane has no words for them."""
    draw = Random(seed)
    made = noisy_case(draw, draw.randint(1, 3), draw.randint(2, 10), measures=seed % 2 == 1, batches=[()])
    circuit = made.circuit
    if any(op.condition is not None and op.gate.name == "reset" for op in circuit.operations):
        with pytest.raises(UnsupportedError, match="reset depend on a measured bit"):
            circuit.to_pennylane()
        return False
    back = Circuit.from_pennylane(circuit.to_pennylane())
    assert set(back.bits) == set(circuit.bits)
    assert sizes(back) == sizes(circuit)
    names, values = [*circuit.bits, *range(circuit.wires)], made.own()
    assert distance(noisy_oracle.density(back, values), noisy_oracle.density(circuit, values)) <= 1e-10
    found, expected = (noisy_oracle.probs(c, values, names) for c in (back, circuit))
    assert distance(found, expected) <= 1e-10
    return True


def test_noise_measurements_and_conditions_there_and_back() -> None:
    assert sum(check_noisy(seed) for seed in range(60)) >= 50


@pytest.mark.slow
def test_1000_circuits_with_noise_there_and_back() -> None:
    assert sum(check_noisy(seed) for seed in range(1000, 2000)) >= 900


@pytest.mark.parametrize("name", [name for name in CHANNEL_NAMES if name != "reset"])
def test_channels_on_default_mixed_are_ours(name: str) -> None:
    for seed in range(3):
        made = noisy_case(Random(seed), 2, 6, [name], batches=[()])
        function, values = made.circuit.to_pennylane(), made.own()

        @qml.qnode(qml.device("default.mixed", wires=2))
        def node(function: Any = function, values: Any = values) -> Any:
            function(**values)
            return qml.density_matrix([0, 1])

        assert distance(node(), noisy_oracle.density(made.circuit, values)) <= 1e-7  # PennyLane adds 1e-16 under roots
