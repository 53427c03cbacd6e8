"""qdl as a PennyLane device gives what default.qubit and default.mixed give, and passes the suite for devices."""

from __future__ import annotations

import copy
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

from tests.adapters.pennylane.circuits import LABELS, circuit, measurements
from tests.adapters.pennylane.compare import REFERENCE, close, flat

pytestmark = pytest.mark.filterwarnings("ignore:Casting complex values", "ignore::UserWarning")


def compare_random(name: str, seed: int, gradients: bool) -> None:
    rng = np.random.default_rng(seed)
    build, asked = circuit(rng, noisy=name == "qdl.density"), measurements(rng)[:3]
    given = torch.tensor(rng.uniform(-3, 3, (4, 3)), dtype=torch.float64)
    wires = LABELS[::-1] if name == "qdl.density" else None
    per_sample = rng.random(4) < 0.5
    found: list[Any] = []
    for device in (REFERENCE[name], name):
        p: Any = given.clone().requires_grad_() if gradients else given.numpy()

        @qml.qnode(qml.device(device, wires=wires))
        def function(p: Any) -> Any:
            build([p[k] if per_sample[k] else p[k, 0] for k in range(4)])
            return [ask() for ask in asked]

        try:
            results = function(p)
        except (qml.exceptions.DeviceError, RuntimeError, ValueError):
            if device == REFERENCE[name]:  # which cannot do everything
                return
            raise
        total = (flat(results) * torch.arange(1, len(flat(results)) + 1)).sum().real
        found.append((results, torch.autograd.grad(total, p)[0] if total.requires_grad else None))
    (want, slope), (got, own) = found
    close(got, want)
    if slope is not None and torch.isfinite(slope).all():
        torch.testing.assert_close(own, slope, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits_give_what_default_qubit_gives(seed: int) -> None:
    compare_random("qdl.state", seed, gradients=True)


@pytest.mark.parametrize("seed", range(4))
def test_random_noisy_circuits_give_what_default_mixed_gives(seed: int) -> None:
    compare_random("qdl.density", 100 + seed, gradients=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("block", range(10))
def test_many_random_circuits(name: str, block: int) -> None:
    for seed in range(1000 + 20 * block, 1020 + 20 * block):
        compare_random(name, seed, gradients=name == "qdl.state")


def test_every_measurement_in_one_tape_with_a_batch() -> None:
    rng = np.random.default_rng(3)
    asked = measurements(rng)
    x = rng.uniform(-1, 1, (3, 4))
    ops = [qml.RY(x[:, 0], "a"), qml.CNOT(["a", "c"]), qml.Rot(x[:, 1], 0.3, x[:, 2], "b"), qml.ISWAP(["b", "d"])]
    tape = qml.tape.QuantumScript([*ops, qml.CRX(x[:, 3], ["c", "d"])], [ask() for ask in asked])
    close(qml.device("qdl.state").execute(tape), qml.device("default.qubit").execute(tape))


def test_pickle_copy_tracker_and_snapshots() -> None:
    device = qml.device("qdl.state", wires=["a", 1])
    for other in (pickle.loads(pickle.dumps(device)), copy.deepcopy(device)):
        assert other.name == "qdl.state"
        assert other.wires == device.wires
        tape = qml.tape.QuantumScript([qml.X(1)], [qml.expval(qml.Z(1))])
        assert other.execute(tape) == -1

    @qml.qnode(device, diff_method="adjoint")
    def function(x: Any) -> Any:
        qml.RX(x, 1)
        qml.Snapshot("before")
        qml.CNOT([1, "a"])
        qml.Snapshot("after", measurement=qml.expval(qml.Z("a")))
        return qml.expval(qml.Z(1))

    with qml.Tracker(device) as tracker:
        qml.grad(function)(pnp.array(0.3))
    assert tracker.totals["batches"] == tracker.totals["vjp_batches"] == 1
    found = qml.snapshots(function)(0.3)
    np.testing.assert_allclose(found["before"], [np.cos(0.15), -1j * np.sin(0.15), 0, 0], atol=1e-12)
    assert found["after"] == pytest.approx(np.cos(0.3))
    assert found["execution_results"] == pytest.approx(np.cos(0.3))


def test_states_are_ordered_as_the_device_or_the_circuit_says() -> None:
    tape = qml.tape.QuantumScript([qml.X("b"), qml.RY(0.3, "a")], [qml.state()])
    for wires in (None, ["a", "b"], ["b", "a"]):
        devices = [qml.device(name, wires=wires) for name in ("qdl.state", "default.qubit")]
        got, want = (qml.execute([tape], device)[0] for device in devices)
        np.testing.assert_allclose(got, want, atol=1e-12)
    mixed = [qml.execute([tape], qml.device(name, wires=["b", "a"]))[0] for name in ("qdl.density", "default.mixed")]
    np.testing.assert_allclose(*mixed, atol=1e-12)


def run(name: str, *things: Any, shots: int | None = None) -> Any:
    tape = qml.tape.QuantumScript([*things[:-1]], [things[-1]], shots=shots)
    return qml.execute([tape], qml.device(name, wires=2))


@pytest.mark.parametrize(
    ("things", "shots", "message"),
    [
        ((qml.X(7), qml.expval(qml.Z(0))), None, "not found on the device"),
        ((qml.BitFlip(0.1, 0), qml.expval(qml.Z(0))), None, "not supported with qdl.state"),
        ((qml.sample(wires=0),), None, "not accepted for analytic"),
        ((qml.state(),), 10, "not accepted with finite shots"),
        ((qml.RX(np.ones(3), 0), qml.RX(np.ones(2), 1), qml.expval(qml.Z(0))), None, "batch sizes"),
    ],
)
def test_what_cannot_be_run_is_refused(things: Any, shots: int | None, message: str) -> None:
    with pytest.raises(Exception, match=message):
        run("qdl.state", *things, shots=shots)


def test_derivatives_are_promised_only_where_there_are_any() -> None:
    device, config = qml.device("qdl.state"), qml.devices.ExecutionConfig
    exact, drawn = (qml.tape.QuantumScript([qml.RX(0.1, 0)], [qml.expval(qml.Z(0))], shots=s) for s in (None, 10))
    for method in ("backprop", "adjoint", "device", "best"):
        assert device.supports_derivatives(config(gradient_method=method), exact)
        assert not device.supports_derivatives(config(gradient_method=method), drawn)
    assert not device.supports_derivatives(config(gradient_method="parameter-shift"))
    assert not device.supports_derivatives(config(gradient_method="backprop", interface="jax"))
    assert device.setup_execution_config(config(gradient_method="best", interface="jax")).gradient_method == "adjoint"
    with pytest.raises(qml.exceptions.DeviceError, match="device option"):
        device.setup_execution_config(config(device_options={"strange": 1}))


SUITES = [
    (("--device", "qdl.state"), 389, 45),
    (("--device", "qdl.state", "--shots", "20000"), 374, 60),
    (("--device", "qdl.density"), 396, 38),
]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "passed", "skipped"), SUITES, ids=[" ".join(s[0][1:]) for s in SUITES])
def test_pennylanes_own_suite_for_devices(
    arguments: tuple[str, ...], passed: int, skipped: int, tmp_path: Path
) -> None:
    scripts = Path(sys.executable).parent
    command = shutil.which("pl-device-test", path=str(scripts)) or shutil.which("pl-device-test")
    assert command, "pl-device-test comes with PennyLane"
    environment = {"PATH": f"{scripts}:/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    found = subprocess.run(
        [command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    summary = found.stdout.strip().splitlines()[-1]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", summary)}
    assert "failed" not in counts, found.stdout[-3000:]
    assert "error" not in counts, found.stdout[-3000:]
    assert counts["passed"] >= passed, summary
    assert counts["skipped"] <= skipped, summary
