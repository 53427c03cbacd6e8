"""Gates made at run time: under controls, from any unitary matrix, from Pauli strings."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates.kinds import TABLE, Composite, Exponential, Fixed, Gate, Prepare, Rotor, Step
from qdl.ir.gates.matrices import Matrix, constant_matrix, pauli_string, wires_of
from qdl.ir.params import Angle

MAX_CONTROLLED = 10  # wires
NAMED: dict[tuple[Gate, str], Gate] = {}  # (base, control values) to the row that this controlled gate is


def controlled(gate: Gate, controls: str, name: str | None = None) -> Gate:
    """The gate under controls, put in front of its wires; ``controls`` holds the control values, such as ``"10"``.

    Controls of controls are one set of controls, and what the table has a row for is that row.

    Examples
    --------
    >>> controlled(TABLE["x"], "1").matrix().real.astype(int).tolist()
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    >>> controlled(controlled(TABLE["x"], "1"), "1")
    <gate ccx() on 3 wires>
    """
    if not isinstance(controls, str) or not controls or set(controls) - {"0", "1"}:
        raise CircuitError("control values must be a string of 0 and 1", got=repr(controls), do="one per control wire")
    if isinstance(gate, Prepare):
        raise CircuitError("a preparation cannot be controlled")
    if gate.base is not None:
        return controlled(gate.base, controls + gate.controls, name)
    if gate.wires + len(controls) > MAX_CONTROLLED and not isinstance(gate, Composite):
        raise CircuitError(
            f"{gate.name!r} has too many controls",
            got=f"{gate.wires + len(controls)} wires",
            expected=f"at most {MAX_CONTROLLED}, its matrix being kept whole",
            do="gather the controls on a spare wire with ccx",
        )
    if name is None and (gate, controls) in NAMED:
        return NAMED[gate, controls]
    if controls[-1] == "1" and gate == TABLE.get("gphase"):
        return controlled(TABLE["p"], controls[:-1], name)
    k = len(controls)
    label = name or "c" * k + "_" + gate.name + ("" if set(controls) == {"1"} else f"_{controls}")
    made: Gate
    if isinstance(gate, Composite):
        made = Composite(label, k + gate.wires, gate.angles, partial(_controlled_steps, gate, controls))
    else:
        made = _controlled_matrices(gate, controls, label)
    made.base, made.controls = gate, controls
    return made


def _controlled_matrices(gate: Gate, controls: str, label: str) -> Gate:
    size = 2**gate.wires
    active = slice(int(controls, 2) * size, (int(controls, 2) + 1) * size)
    idle = np.eye(2 ** len(controls) * size, dtype=complex)
    idle[active, active] = 0

    def place(matrix: Matrix) -> Matrix:
        out = np.zeros_like(idle)
        out[active, active] = matrix
        return out

    if isinstance(gate, Fixed):
        return Fixed(label, idle + place(gate.constant), partial(_controlled_inverse, gate, controls))
    if isinstance(gate, Exponential):
        return Exponential(label, place(gate.generator), gate.angles[0])
    assert isinstance(gate, Rotor)
    return Rotor(label, np.stack([place(matrix) for matrix in gate.inner]), idle + place(gate.idle))


def _controlled_inverse(gate: Gate, controls: str, wires: tuple[int, ...]) -> list[Step]:
    k = len(controls)
    steps = gate.inverse((), wires[k:])
    return [(controlled(row, controls), turned, (*wires[:k], *where)) for row, turned, where in steps]


def _controlled_steps(gate: Composite, controls: str, *angles: Angle) -> list[Step]:
    k = len(controls)
    inner = gate.steps(angles, tuple(range(k, k + gate.wires)))
    rows = {row: controlled(row, controls) for row in {row for row, _, _ in inner}}
    return [(rows[row], turned, (*range(k), *where)) for row, turned, where in inner]


def unitary(matrix: object, name: str = "unitary") -> Fixed:
    """A gate from any unitary matrix; refused if it is not square, of size 2**k, finite and unitary to 1e-6.

    A matrix that is unitary to its own rounding only becomes the nearest unitary one, the polar factor W V of its
    singular value decomposition W S V: the reverse sweep undoes a gate with its adjoint.

    Examples
    --------
    >>> rounded = np.array([[0.6, -0.8], [0.8, 0.6]], dtype=np.float32)
    >>> exact = unitary(rounded).matrix()
    >>> float(abs(exact @ exact.conj().T - np.eye(2)).max()) < 1e-15
    True
    """
    array = constant_matrix(matrix)
    if not wires_of(array):
        raise CircuitError("a unitary needs at least one wire", got="shape (1, 1)", do="a phase is gphase(angle)")
    error = float(np.abs(array @ array.conj().T - np.eye(len(array))).max())
    if error > 1e-6:
        raise CircuitError("the matrix is not unitary", got=f"|U U^+ - 1| = {error:.2g}", expected="at most 1e-6")
    if error > 1e-14:
        left, _, right = np.linalg.svd(array)
        array = left @ right
    return Fixed(name, array)


def pauli_rotation(letters: str) -> Gate:
    """exp(-i t P/2) for a Pauli string; above four wires as a ladder of CX, so that no large matrix arises."""
    if len(letters) > 4:
        return Composite(f"r_{letters.lower()}", len(letters), ("theta",), partial(pauli_ladder, letters))
    return Exponential(f"r_{letters.lower()}", pauli_string(letters) / 2, pauli=letters)


def pauli_ladder(letters: str, angle: Angle) -> list[tuple[str, tuple[Angle, ...], tuple[int, ...]]]:
    """exp(-i angle P/2) from standard gates: turn P to Z...Z, collect the parity on the last wire, RZ, and back.

    H X H = Z and (S H)^+ Y (S H) = Z, and CX maps Z on the target to Z Z.
    """
    turn: list[tuple[str, tuple[Angle, ...], tuple[int, ...]]] = []
    back: list[tuple[str, tuple[Angle, ...], tuple[int, ...]]] = []
    for wire, letter in enumerate(letters):
        if letter == "X":
            turn.append(("h", (), (wire,)))
            back.append(("h", (), (wire,)))
        elif letter == "Y":
            turn += [("sdg", (), (wire,)), ("h", (), (wire,))]
            back += [("h", (), (wire,)), ("s", (), (wire,))]
    active = [wire for wire, letter in enumerate(letters) if letter != "I"]
    down: list[tuple[str, tuple[Angle, ...], tuple[int, ...]]]
    down = [("cx", (), pair) for pair in pairwise(active)]
    return [*turn, *down, ("rz", (angle,), (active[-1],)), *reversed(down), *back]
