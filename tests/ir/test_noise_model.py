"""Noise models: which rule holds where, what the noisy circuit does, and what is refused."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import qdl
from qdl.errors import CircuitError
from qdl.ir import TABLE, Circuit, Param
from qdl.ir.channels import CHANNELS, channel, kraus_channel
from qdl.ir.gates import Prepare, unitary
from qdl.ir.noise import DELAY, NoiseModel
from tests import noisy_oracle
from tests.strategies import unitary as random_unitary

PI = math.pi


def written(circuit: Circuit) -> list[str]:
    return [repr(op) for op in circuit.operations]


def check(noise: NoiseModel, circuit: Circuit, expected: str) -> None:
    """The noisy circuit, its operations separated by semicolons."""
    assert "; ".join(written(noise.apply(circuit))) == expected


def flip(p: float, **where: Any) -> NoiseModel:
    return NoiseModel().add("bit_flip", p, **where)


def test_a_rule_without_gates_holds_for_gates_of_its_width() -> None:
    circuit = Circuit(3).x(0).cx(0, 1).ccx(0, 1, 2).measure(0).reset(1).channel("bit_flip", 0.5, wires=2)
    check(flip(0.1), circuit, "x 0; bit_flip(0.1) 0; cx 0, 1; ccx 0, 1, 2; measure 0 -> m0; reset 1; bit_flip(0.5) 2")
    noise = NoiseModel().add("depolarizing", 0.1)
    names = [op.gate.wires for op in noise.apply(circuit).operations if op.gate.name == "depolarizing"]
    assert names == [1, 2, 3]


def test_a_place_is_ordered_and_replaces_what_holds_elsewhere() -> None:
    noise = NoiseModel().add("depolarizing", 0.1, gates="cx").add("depolarizing", 0.2, gates="cx", wires=(1, 0))
    check(noise, Circuit(2).cx(0, 1).cx(1, 0), "cx 0, 1; depolarizing(0.1) 0, 1; cx 1, 0; depolarizing(0.2) 1, 0")
    several = flip(0.1, gates=("x", "y"), wires=[(0,), (2,)])
    check(several, Circuit(3).x(0).y(1).x(2), "x 0; bit_flip(0.1) 0; y 1; x 2; bit_flip(0.1) 2")


def test_rules_of_one_place_apply_in_the_order_of_their_making() -> None:
    noise = flip(0.1, gates="x").add("phase_flip", 0.2).add("bit_flip", 0.3, gates=("y", "x"))
    check(noise, Circuit(1).x(0), "x 0; bit_flip(0.1) 0; phase_flip(0.2) 0; bit_flip(0.3) 0")
    check(noise, Circuit(1).y(0), "y 0; phase_flip(0.2) 0; bit_flip(0.3) 0")


def test_kinds_of_rules_do_not_replace_each_other() -> None:
    noise = flip(0.1, gates="rx", wires=0).over_rotation("rx", absolute=0.5).relax(t1=2.0, t2=1.0, times={"rx": 0.5})
    check(noise, Circuit(1).rx(1.0, 0), "rx(1.5) 0; bit_flip(0.1) 0; thermal_relaxation(2.0, 1.0, 0.5, 0.0) 0")


def test_on_chooses_wires_of_the_gate() -> None:
    circuit = Circuit(3).cx(2, 0)
    check(flip(0.1, gates="cx", on="each"), circuit, "cx 2, 0; bit_flip(0.1) 2; bit_flip(0.1) 0")
    check(flip(0.1, gates="cx", on=1), circuit, "cx 2, 0; bit_flip(0.1) 0")
    turned = NoiseModel().add("rzx", 0.1, gates="cx", on=(1, 0))
    check(turned, circuit, "cx 2, 0; rzx(0.1) 0, 2")
    check(flip(0.1, on=1), Circuit(2).x(0).cx(0, 1), "x 0; cx 0, 1; bit_flip(0.1) 1")


def test_measurements_are_disturbed_before_and_all_else_behind() -> None:
    noise = flip(0.1, gates=("measure", "reset", "id"))
    circuit = Circuit(1).id(0).reset(0).measure(0)
    check(noise, circuit, "id 0; bit_flip(0.1) 0; reset 0; bit_flip(0.1) 0; bit_flip(0.1) 0; measure 0 -> m0")


def test_a_gate_under_a_condition_has_its_noise_under_the_same() -> None:
    circuit = Circuit(2).h(0).measure(0, "m")
    with circuit.if_("m", 1):
        circuit.x(1).u(0.1, 0.2, 0.3, 1)
    noise = flip(0.1, gates=("x", "ry"))
    check(
        noise,
        circuit,
        "h 0; measure 0 -> m; if (m) in {1}: x 1; if (m) in {1}: bit_flip(0.1) 1; if (m) in {1}: p(0.3) 1; "
        "if (m) in {1}: ry(0.1) 1; if (m) in {1}: bit_flip(0.1) 1; if (m) in {1}: p(0.2) 1",
    )


def test_a_sequence_is_looked_up_by_its_own_name_then_by_its_steps() -> None:
    circuit = Circuit(2).ecr(0, 1)
    check(
        flip(0.1, gates="x"),
        circuit,
        "rzx(0.7853981633974483) 0, 1; x 0; bit_flip(0.1) 0; rzx(-0.7853981633974483) 0, 1",
    )
    both = flip(0.1, gates="x").add("depolarizing", 0.2, gates="ecr")
    check(both, circuit, "ecr 0, 1; depolarizing(0.2) 0, 1")
    # known, though not at this place: a device's gate without an error of its own is not taken apart
    check(flip(0.1, gates="x").add("depolarizing", 0.2, gates="ecr", wires=(1, 0)), circuit, "ecr 0, 1")
    check(flip(0.1, gates="y"), circuit, "ecr 0, 1")


def test_gates_that_no_table_has_are_named_by_themselves() -> None:
    mine = unitary(np.diag([1, 1j]), "mine")
    circuit = Circuit(2).gate(mine, 0).unitary(np.diag([1, -1]), 1)
    check(flip(0.1, gates=mine), circuit, "mine 0; bit_flip(0.1) 0; unitary 1")
    check(flip(0.1, gates="unitary"), circuit, "mine 0; unitary 1; bit_flip(0.1) 1")


def noisy_by_hand() -> tuple[NoiseModel, Circuit, Circuit]:
    """A model, a circuit, and the same circuit with its noise written out."""
    numbers = np.random.default_rng(3)
    tall = random_unitary(numbers, 12)[:, :4].reshape(3, 4, 4)
    noise = (
        NoiseModel()
        .add("amplitude_damping", 0.1, on="each")
        .add_kraus(tall, gates="cx", wires=(2, 0))
        .add("pauli", [0.005 * k for k in range(1, 16)], gates="rzz")
        .over_rotation("ry", relative=0.1)
        .relax(t1=3.0, t2=4.0, times={"ry": 0.2, ("cx", (2, 0)): 0.7}, excited=0.1)
        .relax(t2=2.0, wires=2)
    )
    circuit = Circuit(3).ry(0.5, 0).ry(1.1, 2).cx(2, 0).rzz(0.3, 1, 2)
    by_hand = Circuit(3).ry(0.55, 0).channel("amplitude_damping", 0.1, wires=0)
    by_hand.channel("thermal_relaxation", 3, 4, 0.2, 0.1, wires=0)
    by_hand.ry(1.21, 2).channel("amplitude_damping", 0.1, wires=2).channel("phase_damping", 1 - math.exp(-0.2), wires=2)
    by_hand.cx(2, 0).kraus(tall, 2, 0)
    by_hand.channel("phase_damping", 1 - math.exp(-0.7), wires=2).channel("thermal_relaxation", 3, 4, 0.7, 0.1, wires=0)
    by_hand.rzz(0.3, 1, 2)
    for wire in (1, 2):
        by_hand.channel("amplitude_damping", 0.1, wires=wire)
    by_hand.channel("pauli", [0.005 * k for k in range(1, 16)], wires=(1, 2))
    return noise, circuit, by_hand


def test_the_noisy_circuit_does_what_its_rules_say() -> None:
    noise, circuit, by_hand = noisy_by_hand()
    expected = noisy_oracle.density(by_hand, {})
    found = qdl.density(noise.apply(circuit), engine="density", dtype=torch.float64).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-14)
    again = NoiseModel.apply(pickle.loads(pickle.dumps(noise)), circuit)
    np.testing.assert_allclose(noisy_oracle.density(again, {}), expected, atol=1e-14)


def test_without_t1_coherence_decays_alone() -> None:
    noise = NoiseModel().relax(t2=2.0, times={"id": 3.0})
    rho = noisy_oracle.density(noise.apply(Circuit(1).ry(0.8, 0).id(0)), {})
    assert rho[0, 1].real == pytest.approx(math.sin(0.8) / 2 * math.exp(-1.5), abs=1e-15)
    assert rho[1, 1].real == pytest.approx(math.sin(0.4) ** 2, abs=1e-15)


def test_without_t2_it_is_twice_t1() -> None:
    noise = NoiseModel().relax(t1=2.0, times={"id": 3.0})
    rho = noisy_oracle.density(noise.apply(Circuit(1).ry(0.8, 0).id(0)), {})
    assert rho[0, 1].real == pytest.approx(math.sin(0.8) / 2 * math.exp(-0.75), abs=1e-15)


def test_a_delay_relaxes_for_its_own_time() -> None:
    noise = NoiseModel().relax(t1=2.0, t2=1.0).relax(t1=4.0, t2=1.0, wires=1)
    circuit = Circuit(2).channel(DELAY, 0.5, wires=0).channel(DELAY, Param("t"), wires=1).x(0)
    check(
        noise,
        circuit,
        "delay(0.5) 0; thermal_relaxation(2.0, 1.0, 0.5, 0.0) 0; delay(t[0]) 1; "
        "thermal_relaxation(4.0, 1.0, t[0], 0.0) 1; x 0",
    )
    check(flip(0.1, gates="x"), Circuit(1).channel(DELAY, 0.5, wires=0), "delay(0.5) 0")


def waits(op: Any) -> tuple[int, float]:
    return op.wires[0], op.angles[2]


def test_idle_wires_decay_while_they_wait() -> None:
    noise = NoiseModel().relax(t1=10.0, t2=5.0, times={"x": 1.0, "cx": 3.0, "rz": 0.0, "measure": 4.0}, idle=True)
    circuit = Circuit(3).x(0).x(0).rz(0.3, 0).x(1).cx(0, 1).measure(2, "m")
    with circuit.if_("m", 1):
        circuit.x(1)
    ops = noise.apply(circuit).operations
    found = ["wait" if op.gate.name == "thermal_relaxation" else op.gate.name for op in ops]
    assert " ".join(found) == "x wait x wait rz x wait wait cx wait wait measure x wait wait wait"
    # cx on wire 1 starts at 2, one later than it could; it ends at 5, the conditional x at 6, all others wait for it
    times = [waits(op) for op in ops if op.gate.name == "thermal_relaxation"]
    expected = [(0, 1.0), (0, 1.0), (1, 1.0), (1, 1.0), (0, 3.0), (1, 3.0), (1, 1.0), (0, 1.0), (2, 2.0)]
    np.testing.assert_allclose(times, expected, atol=1e-12)
    # time passes whether or not the condition holds
    assert [op.gate.name for op in ops if op.condition is not None] == ["x"]


def test_a_condition_waits_for_its_bit() -> None:
    noise = NoiseModel().relax(t1=10.0, t2=5.0, times={"x": 1.0, "measure": 4.0}, idle=True)
    circuit = Circuit(2).measure(0, "m")
    with circuit.if_("m", 1):
        circuit.x(1)
    ops = noise.apply(circuit).operations
    times = [waits(op) for op in ops if op.gate.name == "thermal_relaxation"]
    np.testing.assert_allclose(times, [(1, 4.0), (1, 1.0), (0, 1.0)])


def test_strengths_can_be_trained_and_batched() -> None:
    p, turn, t1 = Param("p"), Param("turn", 2), Param("t1")
    noise = NoiseModel().add("bit_flip", p, gates="x").over_rotation("ry", relative=turn[0], absolute=turn[1])
    noise.relax(t1=t1, t2=t1, times={"id": 0.5}).readout([[1 - p, p], [0.1, 0.9]])
    assert noise.params == (turn, p, t1)
    circuit = noise.apply(Circuit(1).ry(0.8, 0).x(0).id(0))
    values = {"p": [[0.1], [0.2]], "turn": [0.1, 0.2], "t1": [2.0]}
    tensors = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in values.items()}
    found = qdl.expval(circuit, qdl.Z(0), tensors, engine="density")
    left = math.exp(-0.25)
    expected = [1 - left * (1 + (1 - 2 * p) * math.cos(1.08)) for p in (0.1, 0.2)]
    np.testing.assert_allclose(found.detach(), expected, atol=1e-12)
    found.sum().backward()
    np.testing.assert_allclose(tensors["p"].grad[:, 0], [2 * left * math.cos(1.08)] * 2, atol=1e-12)
    slope = left * 0.8 * math.sin(1.08) * (0.8 + 0.6)
    assert tensors["turn"].grad[0].item() == pytest.approx(slope, abs=1e-12)


def test_bind_puts_numbers_in_place_of_params_and_checks_them() -> None:
    p = Param("p", 2)
    noise = flip(p[0], gates="x").relax(t1=p[1], t2=1.0, times={"y": p[1]}).readout([[1 - p[0], p[0]], [0, 1]])
    noise.native({"x": None, "y": None})
    bound = noise.bind({"p": [0.1, 2.0]})
    plain = flip(0.1, gates="x").relax(t1=2.0, t2=1.0, times={"y": 2.0}).readout([[0.9, 0.1], [0, 1]])
    assert bound == plain.native({"x": None, "y": None})
    assert bound.params == ()
    for bad in ([1.1, 2.0], [0.1, 0.2], [0.1, -1.0]):
        with pytest.raises(CircuitError):
            noise.bind({"p": bad})


def test_a_copy_grows_on_its_own() -> None:
    noise = noisy_by_hand()[0]
    copy = noise.copy()
    assert copy == noise
    assert hash(copy.key) == hash(noise.key)
    copy.readout(np.eye(2))
    assert copy != noise
    assert pickle.loads(pickle.dumps(noise)).key == noise.key


@pytest.mark.parametrize(
    "more",
    [
        lambda noise: noise.add("bit_flip", 0.1, gates="x"),
        lambda noise: noise.add("bit_flip", 0.1, gates="cx", wires=(0, 1), on=1),
        lambda noise: noise.over_rotation("rx", 0.2),
        lambda noise: noise.relax(t1=1.0),
        lambda noise: noise.relax(times={"x": 1.0}),
        lambda noise: noise.relax(idle=True),
        lambda noise: noise.readout(np.eye(4), wires=(0, 1)),
        lambda noise: noise.native({"x": [(0,)]}),
    ],
)
def test_every_rule_is_part_of_the_key(more: Callable[[NoiseModel], NoiseModel]) -> None:
    noise = NoiseModel()
    before = noise.key
    more(noise)
    assert noise.key != before
    assert noise.key == more(NoiseModel()).key
    assert "no noise" not in repr(noise) or noise.gates or noise.idle


def test_readout_errors_of_a_place_come_one_after_the_other() -> None:
    first, second = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.7, 0.3], [0.4, 0.6]])
    (found,) = NoiseModel().readout(first, wires=3).readout(second, wires=(3,)).confusion(3)
    np.testing.assert_allclose(found.matrix, first @ second, atol=1e-15)


def test_readout_errors_of_wires() -> None:
    joint = np.random.default_rng(0).dirichlet(np.ones(4), 4)
    noise = NoiseModel().readout([[0.9, 0.1], [0.2, 0.8]]).readout(joint, wires=(2, 0)).readout(np.eye(2), wires=4)
    assert [found.wires for found in noise.confusion([1, 0, 4, 2])] == [(1,), (2, 0), (4,)]
    np.testing.assert_allclose(noise.confusion(0)[0].matrix, joint, atol=1e-15)
    assert NoiseModel().readout(joint, wires=(2, 0)).confusion([1, 3]) == ()


def test_rows_that_miss_one_by_rounding_are_made_whole() -> None:
    (found,) = NoiseModel().readout(np.array([[0.9, 0.1], [0.3, 0.7]], dtype=np.float32)).confusion(0)
    assert [sum(row) for row in found.matrix] == [1.0, 1.0]


# translation to a device's gates

DEVICES = {
    "cx": {"rz": None, "sx": None, "x": None, "cx": None},
    "one-way cx": {"rz": None, "sx": None, "cx": [(a, b) for a in range(4) for b in range(a)]},
    "ecr": {"rz": None, "sx": None, "x": None, "ecr": [(a, b) for a in range(4) for b in range(a)]},
    "cz": {"rz": None, "sx": None, "cz": [(a, b) for a in range(4) for b in range(a)]},
    "rzz": {"rz": None, "rx": None, "rzz": None},
    "ry": {"p": None, "ry": None, "cz": None},
    "u": {"u1": None, "u2": None, "u3": None, "cx": None},
}
LACKING = {"rv", "c3x", "c3sx", "c4x", "rcccx"}


def same_up_to_phase(found: Any, expected: Any) -> None:
    overlap = np.vdot(expected, found) / len(expected)
    assert abs(abs(overlap) - 1) < 1e-12
    np.testing.assert_allclose(found, overlap * expected, atol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
def test_every_row_is_written_in_a_devices_gates(device: str) -> None:
    noise = NoiseModel().native(DEVICES[device])
    for row in TABLE.values():
        angles = [0.3 + 0.7 * k for k in range(len(row.angles))]
        for order in ((0, 1, 2, 3), (3, 2, 1, 0)):
            if row.wires == 0 or row.wires > 4 or row.name in LACKING:
                continue
            circuit = Circuit(4).gate(row, *angles, *order[: row.wires])
            found = noise.translate(circuit)
            assert {op.gate.name for op in found.operations} <= set(DEVICES[device]), row.name
            same_up_to_phase(found.matrix(), circuit.matrix())


def test_made_gates_are_written_in_a_devices_gates() -> None:
    noise = NoiseModel().native(DEVICES["ecr"])
    numbers = np.random.default_rng(1)
    circuit = Circuit(3).gate("ry", 0.4, 2, controls=0, values="0").gate("p", 0.3, 1, controls=2)
    for matrix in (random_unitary(numbers, 2), np.diag([1, 1j]), np.array([[0, 1j], [1, 0]])):
        circuit.unitary(matrix, 1)
    same_up_to_phase(noise.translate(circuit).matrix(), circuit.matrix())


def test_angles_stay_expressions_in_a_devices_gates() -> None:
    x = Param("x", 3)
    circuit = Circuit(2).u(x[0], x[1], x[2], 0).crx(x[1], 1, 0).measure(0, "m")
    found = NoiseModel().native(DEVICES["cx"]).translate(circuit)
    values = {"x": [0.3, 0.4, 0.5]}
    expected = noisy_oracle.density(circuit, values)
    np.testing.assert_allclose(noisy_oracle.density(found, values), expected, atol=1e-13)


def test_a_gate_that_a_rule_names_stays_as_it_is() -> None:
    noise = flip(0.1, gates="sx").native({"rz": None, "sx": None}).add("bit_flip", 0.2, gates="y")
    check(noise, Circuit(1).y(0).z(0), f"y 0; bit_flip(0.2) 0; rz({PI}) 0")


def test_conditions_stay_on_translated_gates() -> None:
    circuit = Circuit(1).measure(0, "m")
    with circuit.if_("m", 1):
        circuit.z(0)
    check(NoiseModel().native({"rz": None, "sx": None}), circuit, f"measure 0 -> m; if (m) in {{1}}: rz({PI}) 0")


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "probability": (lambda: flip(1.1), "not probabilities: got 1.1"),
    "negative": (lambda: NoiseModel().add("depolarizing", -0.1), "numbers from 0 to 1"),
    "channel": (lambda: NoiseModel().add("bitflip", 0.1), "did you mean 'bit_flip'"),
    "measurement as an error": (lambda: NoiseModel().add(Circuit(1).measure(0).operations[0].gate), "got measure"),
    "preparation as an error": (lambda: NoiseModel().add(Prepare(1), 1, 0), "got prepare"),
    "strengths": (lambda: NoiseModel().add("reset_error", 0.1), "wrong number of strengths"),
    "gate": (lambda: flip(0.1, gates="rxy"), "unknown gate 'rxy'; did you mean"),
    "no gate": (lambda: flip(0.1, gates=()), "leave gates out for all"),
    "repeated wires": (lambda: flip(0.1, gates="cx", wires=(1, 1), on=0), "a place needs different wires: got (1, 1)"),
    "negative wire": (lambda: flip(0.1, wires=-1), "non-negative integer: got -1"),
    "wider": (lambda: NoiseModel().add("rzz", 0.1, gates="x"), "does not fit gate 'x': got 2 wires for 1"),
    "narrower": (lambda: flip(0.1, gates="cx"), "on='each' acts on each wire"),
    "outside": (lambda: flip(0.1, gates="cx", on=2), "got on=(2,) for 2"),
    "wide on each": (lambda: NoiseModel().add("rzz", 0.1, on="each"), "cannot act on each wire"),
    "on": (lambda: flip(0.1, on="all"), "expected None, 'each' or positions"),
    "on twice": (lambda: NoiseModel().add("rzz", 0.1, on=(1, 1)), "different positions"),
    "on too few": (lambda: NoiseModel().add("rzz", 0.1, on=0), "expected 2 wires"),
    "place": (lambda: flip(0.1, gates="x", wires=(0, 1)), "pass wires=[(0,), (1,)]"),
    "kraus": (lambda: NoiseModel().add_kraus([np.eye(2), np.eye(2)]), "does not preserve the trace"),
    "no angle": (lambda: NoiseModel().over_rotation("sx", 0.1), "add a gate as an error"),
    "which angle": (lambda: NoiseModel().over_rotation("u", 0.1), "one of theta, phi, lam"),
    "no such angle": (lambda: NoiseModel().over_rotation("rx", 0.1, angle="phi"), "say which angle"),
    "turn place": (lambda: NoiseModel().over_rotation("rx", 0.1, wires=(0, 1)), "does not fit the place"),
    "T2": (lambda: NoiseModel().relax(t1=1.0, t2=2.1), "T2 > 2 T1"),
    "T1": (lambda: NoiseModel().relax(t1=0.0, t2=1.0), "T1 must be positive"),
    "excited": (lambda: NoiseModel().relax(t1=1.0, excited=1.5), "not probabilities"),
    "excited without T1": (lambda: NoiseModel().relax(t2=1.0, excited=0.5), "give t1"),
    "no decay": (lambda: NoiseModel().relax(), "give t1, t2 or times"),
    "T1 twice": (lambda: NoiseModel().relax(t1=1.0, wires=(0, 1)).relax(t1=2.0, wires=1), "got wires [1]"),
    "duration": (lambda: NoiseModel().relax(times={"x": -1.0}), "a duration is negative"),
    "duration of none": (lambda: NoiseModel().relax(times={"xx": 1.0}), "unknown gate 'xx'"),
    "duration of a delay": (lambda: NoiseModel().relax(times={"delay": 1.0}), "a delay carries its own time"),
    "duration place": (lambda: NoiseModel().relax(times={("x", (0, 1)): 1.0}), "does not fit the place"),
    "two durations": (lambda: NoiseModel().relax(times={"x": 1.0}).relax(times={"x": 2.0}), "name the place"),
    "times": (lambda: NoiseModel().relax(times=[1.0]), "times is a dict"),
    "no schedule": (
        lambda: NoiseModel().relax(t1=1.0, times={"x": 1.0}, idle=True).apply(Circuit(1).h(0)),
        "times={'h': 0.0}",
    ),
    "schedule of a Param": (
        lambda: NoiseModel().relax(t1=1.0, times={"x": Param("t")}, idle=True).apply(Circuit(1).x(0)),
        "durations that are numbers",
    ),
    "readout row": (lambda: NoiseModel().readout([[0.9, 0.2], [0, 1]]), "does not sum to 1: got 1.1"),
    "readout columns": (lambda: NoiseModel().readout([[0.9, 0.05], [0.1, 0.95]]), "rows are what is true"),
    "readout range": (lambda: NoiseModel().readout([[1.1, -0.1], [0, 1]]), "outside [0, 1]"),
    "readout shape": (lambda: NoiseModel().readout([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), "2**k rows"),
    "readout scalar": (lambda: NoiseModel().readout(0.1), "a readout error is a matrix"),
    "readout wires": (lambda: NoiseModel().readout(np.eye(4), wires=0), "4 rows for wires (0,)"),
    "readout default": (lambda: NoiseModel().readout(np.eye(4)), "4 rows for every wire"),
    "readout repeated": (lambda: NoiseModel().readout(np.eye(4), wires=(1, 1)), "different wires"),
    "readout overlap": (
        lambda: NoiseModel().readout(np.eye(4), wires=(0, 1)).readout(np.eye(2), wires=1),
        "wires (1,) beside (0, 1)",
    ),
    "readout order": (
        lambda: NoiseModel().readout(np.eye(4), wires=(0, 1)).readout(np.eye(4), wires=(1, 0)),
        "readout errors overlap",
    ),
    "not coupled": (
        lambda: NoiseModel().native({"rz": None, "sx": None, "cx": [(0, 1)]}).apply(Circuit(3).cx(0, 2)),
        "does not couple these wires: got (0, 2)",
    ),
    "not on the device": (
        lambda: NoiseModel().native(DEVICES["cx"]).apply(Circuit(4).c3x(0, 1, 2, 3)),
        "does not have this gate: got c3x 0, 1, 2, 3",
    ),
    "no turn": (lambda: NoiseModel().native({"rz": None}).apply(Circuit(1).h(0)), "turns this wire in no way"),
    "no phase": (lambda: NoiseModel().native({"sx": None}).apply(Circuit(1).h(0)), "no rotation about z"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_makes_no_sense_is_refused(case: str) -> None:
    call, says = BAD[case]
    with pytest.raises(CircuitError) as caught:
        call()
    assert says in str(caught.value)


def test_every_channel_of_the_table_can_be_a_rule() -> None:
    strengths = {"thermal_relaxation": (2.0, 1.0, 0.5, 0.1), "pauli": ([0.1, 0.2, 0.3],), "reset": ()}
    two = {"generalized_amplitude_damping", "reset_error"}
    for name in CHANNELS:
        given = strengths.get(name, (0.1,) * (2 if name in two else 1))
        noise = NoiseModel().add(name, *given, gates="x")
        (_, op) = noise.apply(Circuit(1).x(0)).operations
        assert op.gate == channel(name)


def test_channels_that_were_made_can_be_rules() -> None:
    operators = [math.sqrt(0.9) * np.eye(2), math.sqrt(0.1) * np.diag([1, -1])]
    by_row = NoiseModel().add(kraus_channel(operators), gates="x").apply(Circuit(1).x(0).h(0))
    by_matrices = NoiseModel().add_kraus(operators, gates="x").apply(Circuit(1).x(0).h(0))
    assert by_row == by_matrices
