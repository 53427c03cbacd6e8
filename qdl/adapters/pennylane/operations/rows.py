"""PennyLane's operators by name: which rows of qdl's tables they are, with the same angles, the phase included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from qdl.ir.gates import TABLE, Gate, controlled

Row = str | Gate
Placed = tuple[Row, tuple[Any, ...], tuple[int, ...]]  # a row, its angles, and places among the operator's wires

# One row with the operator's angles on the operator's wires.
SAME: dict[str, str] = {
    "PauliX": "x",
    "PauliY": "y",
    "PauliZ": "z",
    "Hadamard": "h",
    "S": "s",
    "T": "t",
    "SX": "sx",
    "SWAP": "swap",
    "ISWAP": "iswap",
    "ECR": "ecr",
    "RX": "rx",
    "RY": "ry",
    "RZ": "rz",
    "PhaseShift": "p",
    "U1": "u1",
    "U2": "u2",
    "U3": "u3",
    "IsingXX": "rxx",
    "IsingYY": "ryy",
    "IsingZZ": "rzz",
    "CNOT": "cx",
    "CY": "cy",
    "CZ": "cz",
    "CH": "ch",
    "CSWAP": "cswap",
    "Toffoli": "ccx",
    "CCZ": "ccz",
    "CRX": "crx",
    "CRY": "cry",
    "CRZ": "crz",
    "ControlledPhaseShift": "cp",
}

_PHASE = TABLE["gphase"]
_PI = math.pi


def _three(gates: Sequence[str], wires: tuple[int, ...]) -> Callable[..., list[Placed]]:
    return lambda *angles: [(gate, (angle,), wires) for gate, angle in zip(gates, angles, strict=True)]


# Several rows, the first being applied first.
SEQUENCES: dict[str, Callable[..., list[Placed]]] = {
    "Rot": _three(("rz", "ry", "rz"), (0,)),
    "CRot": _three(("crz", "cry", "crz"), (0, 1)),
    "SISWAP": lambda: [("rxx", (-_PI / 4,), (0, 1)), ("ryy", (-_PI / 4,), (0, 1))],
    "IsingXY": lambda t: [("rxx", (-t / 2,), (0, 1)), ("ryy", (-t / 2,), (0, 1))],
    "PSWAP": lambda t: [("gphase", (t / 2,), ()), ("rzz", (t,), (0, 1)), ("swap", (), (0, 1))],
    "GlobalPhase": lambda t: [("gphase", (-t,), ())],
    "CPhaseShift00": lambda t: [(controlled(_PHASE, "00"), (t,), (0, 1))],
    "CPhaseShift01": lambda t: [(controlled(_PHASE, "01"), (t,), (0, 1))],
    "CPhaseShift10": lambda t: [(controlled(_PHASE, "10"), (t,), (0, 1))],
}

# exp(i angle G) with PennyLane's own generator G: one exponential, by this name.
GENERATED: dict[str, str] = {
    "SingleExcitation": "single_excitation",
    "SingleExcitationPlus": "single_excitation_plus",
    "SingleExcitationMinus": "single_excitation_minus",
    "DoubleExcitation": "double_excitation",
    "DoubleExcitationPlus": "double_excitation_plus",
    "DoubleExcitationMinus": "double_excitation_minus",
    "OrbitalRotation": "orbital_rotation",
    "FermionicSWAP": "fermionic_swap",
}

# Channels with the operator's strengths, in the row's order and meaning.
CHANNELS: dict[str, tuple[str, Callable[..., tuple[Any, ...]]]] = {
    "BitFlip": ("bit_flip", lambda p: (p,)),
    "PhaseFlip": ("phase_flip", lambda p: (p,)),
    "DepolarizingChannel": ("depolarizing", lambda p: (p,)),
    "AmplitudeDamping": ("amplitude_damping", lambda g: (g,)),
    "PhaseDamping": ("phase_damping", lambda g: (g,)),
    "GeneralizedAmplitudeDamping": ("generalized_amplitude_damping", lambda g, p: (g, p)),
    "ResetError": ("reset_error", lambda p0, p1: (p0, p1)),
    "ThermalRelaxationError": ("thermal_relaxation", lambda pe, t1, t2, tg: (t1, t2, tg, pe)),
}

# What leaves every state as it is.
NOTHING = {"Barrier", "WireCut", "Snapshot"}
