"""The rows of the table: what is computed, how large, and how many times faster than the best peer qdl should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qdl.bench import works
from qdl.ir import Circuit

_SMALL = ("lightning.qubit", "default.qubit", "default.qubit-jit")
BATCHED = ("default.qubit", "lightning.qubit", "qulacs", "deepquantum", "pyqtorch", "tensorcircuit", "mindquantum")
MIXED = ("default.mixed", "default.mixed-jit")
STATES = ("aer", "qulacs", "lightning.qubit", "mindquantum")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    name, title : str
        The title may name ``{batch}`` and sizes.
    build : callable
        ``build(**sizes)`` is the circuit; None for the detector layer, which is no circuit.
    sizes : mapping
        What `build` takes.
    ask : str
        ``"gradient"``: values and the gradients of all Params; ``"values"``: no gradients; ``"state"``: the full state;
        ``"layer"``: the values and gradients of a convolution.
    goal : float
        The best peer's time over qdl's.
    peers : tuple of str
        Who takes part.
    against : tuple of str
        Whom the goal is about, if not all of them.
    batch : int or None
        Samples; the Param x is per sample.
    read : str
        Z on ``"all"`` wires or on the ``"last"``.
    cold : bool
        Timed from the start of a fresh process to its first result.
    engine : str
        ``"state"``; with noise ``"density"``, exact, or ``"trajectory"``, sampled.
    trajectories : int or None
        How many of them are averaged over. Contestants are then compared at equal error bars (`qdl.bench.spread`).
    through : str
        Another library's layer that everybody's simulator is put into, qdl's too: a name in `qdl.bench.peers.THROUGH`.
    quick : mapping or None
        What changes under ``--quick``; None leaves the row out there.
    """

    name: str
    title: str
    build: Callable[..., Circuit] | None
    sizes: Mapping[str, int]
    ask: str
    goal: float
    peers: tuple[str, ...] = BATCHED
    against: tuple[str, ...] = ()
    batch: int | None = None
    read: str = "all"
    cold: bool = False
    engine: str = "state"
    trajectories: int | None = None
    through: str = ""
    quick: Mapping[str, Any] | None = field(default_factory=dict)

    def smaller(self) -> Row:
        """The row as ``--quick`` runs it."""
        return replace(self, **(self.quick or {}))

    def exact(self) -> Row:
        """The row without samples, which says what is right."""
        return replace(self, engine="density", trajectories=None) if self.trajectories else self


def _conv(wires: int, patches: int, quick: int) -> Row:
    title = f"{{batch}} patches, {wires} qubits, RY(x), 2 layers, {wires} x <Z>, gradients of weights and inputs"
    peers = (*BATCHED, "default.qubit-jit") if wires == 4 else BATCHED
    return Row(f"conv-{wires}", title, works.conv, {"wires": wires}, "gradient", 25, peers, batch=patches,
               quick={"batch": quick, "peers": BATCHED})  # fmt: skip


def _deep(wires: int, goal: float, peers: tuple[str, ...], quick: bool) -> Row:
    title = f"one circuit, {wires} qubits, 4 layers, <Z> of the last wire, all gradients"
    return Row(f"deep-{wires}", title, works.deep, {"wires": wires}, "gradient", goal, peers,
               ("lightning.qubit",), read="last", quick={"peers": _LARGE} if quick else None)  # fmt: skip


def _state(wires: int, goal: float, quick: bool) -> Row:
    title = f"the circuit of deep, {wires} qubits, forward only, the full state"
    return Row(f"state-{wires}", title, works.deep, {"wires": wires}, "state", goal, STATES, ("aer", "qulacs"),
               quick={} if quick else None)  # fmt: skip


def _trajectories(name: str, noise: str, build: Callable[..., Circuit]) -> Row:
    title = f"{{wires}} qubits, {{layers}} layers, {noise} after every gate, 1000 trajectories, {{wires}} x <Z>"
    return Row(name, title, build, {"wires": 10, "layers": 3}, "values", 3, ("aer",), engine="trajectory",
               trajectories=1000, quick={"sizes": {"wires": 6, "layers": 2}})  # fmt: skip


def _drop_in(name: str, build: Callable[..., Circuit], sizes: Mapping[str, int], peer: str, goal: float, batch: int,
             quick: int) -> Row:  # fmt: skip
    through = peer.split()[0]
    title = f"{name} as a user of {through} writes it, one name changed, batch {{batch}}, all gradients"
    return Row(f"{name}-{peer.split()[-1]}", title, build, sizes, "gradient", goal, (peer,), batch=batch,
               through=through, quick={"batch": quick})  # fmt: skip


_LARGE = ("lightning.qubit", "qulacs", "mindquantum", "tensorcircuit")
ROWS = (
    _conv(4, 6272, 1568),
    _conv(9, 2704, 256),
    Row("detector", "a detector layer 16 -> 32, 3x3, 32 images of 16x16, values and gradients, against conv2d", None,
        {"images": 32, "size": 16, "inputs": 16, "outputs": 32, "kernel": 3}, "layer", 1 / 20, ("conv2d",)),
    Row("reupload", "batch {batch}, {wires} qubits, {layers} layers that read x, 10 x <Z>, all gradients",
        works.reupload, {"wires": 10, "layers": 6}, "gradient", 10, batch=128,
        quick={"batch": 16, "sizes": {"wires": 10, "layers": 2}}),
    Row("qcnn", "a tree of SU4 and pooling on {wires} qubits, batch {batch}, <Z> of the last wire, all gradients",
        works.qcnn, {"wires": 8}, "gradient", 20, batch=256, read="last",
        quick={"batch": 64, "sizes": {"wires": 4}}),
    _deep(16, 3, BATCHED, True),
    _deep(20, 5, (*_LARGE, "default.qubit"), True),
    _deep(22, 4, _LARGE, False),
    _deep(24, 4, _LARGE, False),
    _state(20, 5, True),
    _state(24, 4, False),
    _state(26, 4, False),
    Row("qft-22", "quantum Fourier transform of a product state, 22 qubits, the full state",
        works.qft, {"wires": 22}, "state", 2, STATES, quick=None),
    Row("random-22", "10 layers of random SU4 on random pairs, 22 qubits, the full state",
        works.random, {"wires": 22}, "state", 2, STATES, quick=None),
    Row("first", "from a cold process, empty caches, to the first gradient of conv-4",
        works.conv, {"wires": 4}, "gradient", 1, batch=6272, cold=True,
        quick={"batch": 1568, "peers": ("tensorcircuit", "mindquantum", "default.qubit")}),
    Row("small", "one 2-qubit circuit, one sample, values and gradients: the overhead of a call",
        works.conv, {"wires": 2, "layers": 1}, "gradient", 1, _SMALL, _SMALL[:2]),
    Row("noisy-6", "batch {batch}, {wires} noisy qubits, {layers} layers that read x, {wires} x <Z>, all gradients",
        works.mixed, {"wires": 6, "layers": 3}, "gradient", 15, MIXED, MIXED[:1], batch=64, engine="density",
        quick={"batch": 8, "sizes": {"wires": 4, "layers": 2}, "peers": MIXED[:1]}),
    Row("noisy-conv", "{batch} patches, {wires} noisy qubits, RY(x), 2 layers, 4 x <Z>, all gradients",
        works.noisy_conv, {"wires": 4}, "gradient", 25, MIXED, MIXED[:1], batch=6272, engine="density",
        quick={"batch": 256, "peers": MIXED[:1]}),
    _trajectories("trajectories-10", "depolarizing", works.depolarized),
    _trajectories("trajectories-10-decay", "depolarizing and amplitude damping", works.decaying),
    _drop_in("conv-4", works.conv, {"wires": 4}, "TorchLayer on default.qubit", 5, 6272, 256),
    _drop_in("conv-4", works.conv, {"wires": 4}, "TorchLayer on lightning.qubit", 100, 1568, 64),
    _drop_in("reupload", works.reupload, {"wires": 10}, "TorchLayer on default.qubit", 5, 128, 16),
    _drop_in("reupload", works.reupload, {"wires": 10}, "TorchLayer on lightning.qubit", 10, 128, 16),
    _drop_in("conv-4", works.conv, {"wires": 4}, "EstimatorQNN on StatevectorEstimator", 10, 16, 4),
)  # fmt: skip
