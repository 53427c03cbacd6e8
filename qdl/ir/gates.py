"""The gate table: one row per gate, from which matrix, inverse, derivative, shift rule and names follow.

Every row's matrix is a sum of constant matrices weighted by scalar *features* of its angles,

    U(angles) = sum_f phi_f(angles) E_f.

* `Fixed`: one feature, phi = 1, E = the matrix.
* `Exponential`: U(t) = exp(-itG). With G = sum_k l_k P_k (spectral decomposition) phi_k = exp(-i t l_k) and E_k = P_k.
* `Rotor`: U(v) = exp(-i v.sigma/2) = cos(|v|/2) I - i sin(|v|/2)/|v| v.sigma, so E = (I, X, Y, Z).
* `Composite`: a few applications of other rows, global phase included; it is expanded before anything is planned.

The engine needs nothing but features and constants; so a new gate is one row here. Wires are given most significant
first: the matrix of ``cx`` is |0><0| (x) I + |1><1| (x) X for wires (control, target).

References: names, angles and conventions are those of Qiskit's standard library (checked against it row by row in the
tests); the matrices are textbook facts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdl.errors import CircuitError
from qdl.ir.params import Angle, Expr, Param, as_angle

Matrix = NDArray[np.complex128]
Step = tuple["Gate", tuple[Angle, ...], tuple[int, ...]]
MAX_CONTROLLED = 10  # wires

PAULI: dict[str, Matrix] = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}


def kron(*matrices: Matrix) -> Matrix:
    """The Kronecker product, the first factor being the most significant."""
    out = np.eye(1, dtype=complex)
    for matrix in matrices:
        out = np.kron(out, matrix)
    return out


def pauli_string(letters: str) -> Matrix:
    """The matrix of a Pauli string, the first letter on the most significant wire."""
    return kron(*(PAULI[letter] for letter in letters))


class Gate:
    """A row of the gate table, or a gate made at run time (a unitary, a controlled gate, an evolution).

    Attributes
    ----------
    name : str
        The name of the circuit method and, where it has one, of the OpenQASM gate.
    wires : int
        How many wires it acts on.
    angles : tuple of str
        The names of its angles, in order.
    """

    qasm: str | None = None
    base: Gate | None = None
    controls: str = ""

    def __init__(self, name: str, wires: int, angles: Sequence[str] = ()) -> None:
        self.name, self.wires, self.angles = name, wires, tuple(angles)

    @cached_property
    def key(self) -> tuple[object, ...]:
        """What makes two gates the same gate."""
        what = self._content() if self.base is None else (self.base, self.controls)
        return (type(self).__name__, self.name, self.wires, *what)

    def _content(self) -> tuple[object, ...]:
        """What tells this gate from others of its kind, name and size, hashable."""
        return ()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Gate) and self._hash == other._hash and self.key == other.key)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(self.key)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (gate, (self.name,)) if TABLE.get(self.name) is self else super().__reduce_ex__(protocol)

    def __getstate__(self) -> dict[str, Any]:
        # What is computed again stays here, above all hashes: those of strings differ from process to process.
        return {name: value for name, value in self.__dict__.items() if name not in ("_hash", "key", "spectrum")}

    def __copy__(self) -> Gate:
        return self

    def __deepcopy__(self, memo: object) -> Gate:
        return self

    def __repr__(self) -> str:
        return f"<gate {self.name}({', '.join(self.angles)}) on {self.wires} wires>"

    def matrix(self, *angles: float) -> Matrix:
        """The 2**wires x 2**wires matrix at plain angles."""
        raise NotImplementedError

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        """The steps that undo this gate."""
        raise NotImplementedError


class Fixed(Gate):
    """A gate without angles."""

    def __init__(self, name: str, matrix: Matrix, inverse: str | None = None) -> None:
        super().__init__(name, _wires_of(matrix))
        self.constant = np.ascontiguousarray(matrix, dtype=complex)
        self.constant.setflags(write=False)
        self._inverse = inverse

    def _content(self) -> tuple[object, ...]:
        return (self.constant.tobytes(),)

    def matrix(self, *angles: float) -> Matrix:
        return self.constant

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        if self._inverse is not None:
            return [(TABLE[self._inverse], (), wires)]
        adjoint = self.constant.conj().T
        if np.array_equal(adjoint, self.constant):
            return [(self, (), wires)]
        if self.base is not None:
            k = len(self.controls)
            steps = self.base.inverse((), wires[k:])
            return [(controlled(row, self.controls), turned, (*wires[:k], *where)) for row, turned, where in steps]
        return [(Fixed("unitary", adjoint), (), wires)]


class Exponential(Gate):
    """U(t) = exp(-itG) for a Hermitian generator G.

    ``rates`` are the distinct eigenvalues of G and ``projectors`` the projectors on their eigenspaces.
    """

    def __init__(self, name: str, generator: Matrix, angle: str = "theta", pauli: str | None = None) -> None:
        super().__init__(name, _wires_of(generator), (angle,))
        self.generator = np.ascontiguousarray(generator, dtype=complex)
        self.generator.setflags(write=False)
        self.pauli = pauli

    def _content(self) -> tuple[object, ...]:
        return (self.pauli or self.generator.tobytes(),)

    @cached_property
    def spectrum(self) -> tuple[NDArray[np.float64], Matrix]:
        """The distinct eigenvalues, (F,), and the projectors, (F, D, D)."""
        values, vectors = np.linalg.eigh(self.generator)
        tolerance = 1e-9 * max(1.0, float(np.abs(values).max()))
        starts = [0, *(i for i in range(1, len(values)) if values[i] - values[i - 1] > tolerance), len(values)]
        groups = [slice(a, b) for a, b in pairwise(starts)]
        rates = np.array([_snap(values[group].mean()) for group in groups])
        return rates, np.stack([vectors[:, group] @ vectors[:, group].conj().T for group in groups])

    @property
    def rates(self) -> NDArray[np.float64]:
        return self.spectrum[0]

    @property
    def projectors(self) -> Matrix:
        return self.spectrum[1]

    def frequencies(self) -> NDArray[np.float64]:
        """The positive differences of eigenvalues: the frequencies with which any expectation value turns with t."""
        differences: NDArray[np.float64] = np.unique(np.round(np.abs(self.rates[:, None] - self.rates[None, :]), 9))
        return differences[differences > 1e-9]

    def matrix(self, *angles: float) -> Matrix:
        return np.einsum("f,fij->ij", np.exp(-1j * angles[0] * self.rates), self.projectors)

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        return [(self, (-angles[0],), wires)]


class Rotor(Gate):
    """A rotation by |v| about the axis v, smooth at v = 0 where no sequence of single-axis rotations is.

    ``inner`` are the constants that the features (cos(|v|/2), -i sin(|v|/2) v/|v|) weight, (4, D, D); with controls a
    fifth feature, 1, weights the subspace in which the gate does nothing.
    """

    def __init__(self, name: str, inner: Matrix, idle: Matrix | None = None) -> None:
        super().__init__(name, _wires_of(inner[0]), ("vx", "vy", "vz"))
        self.inner, self.idle = inner, np.zeros_like(inner[0]) if idle is None else idle

    def _content(self) -> tuple[object, ...]:
        return (self.inner.tobytes(), self.idle.tobytes())

    def matrix(self, *angles: float) -> Matrix:
        length = math.sqrt(sum(v * v for v in angles))
        slope = np.sinc(length / (2 * math.pi)) / 2
        features = [math.cos(length / 2), *(-1j * slope * v for v in angles)]
        return self.idle + np.einsum("f,fij->ij", features, self.inner)

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        return [(self, tuple(-angle for angle in angles), wires)]


class Composite(Gate):
    """A gate that is a short sequence of other gates, first step first.

    ``body`` gives the steps for some angles as (row or its name, angles, wires); it is asked once, at formal angles.
    """

    def __init__(self, name: str, wires: int, angles: Sequence[str], body: Callable[..., Sequence[tuple]]) -> None:
        super().__init__(name, wires, angles)
        formal = Param("angle", len(self.angles)) if self.angles else ()
        self._formal: tuple[Step, ...] = tuple(
            (row if isinstance(row, Gate) else TABLE[row], tuple(map(as_angle, inner)), tuple(where))
            for row, inner, where in body(*formal)
        )

    def _content(self) -> tuple[object, ...]:
        return self._formal

    def steps(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        """The sequence on the given wires, one level deep."""

        def bound(angle: Angle) -> Angle:
            return angle.replace(lambda _, index: angles[index]) if isinstance(angle, Expr) else angle

        return [(row, tuple(map(bound, inner)), tuple(wires[w] for w in where)) for row, inner, where in self._formal]

    def matrix(self, *angles: float) -> Matrix:
        out = np.eye(2**self.wires, dtype=complex)
        for gate, step_angles, step_wires in self.steps(angles, tuple(range(self.wires))):
            out = embed(gate.matrix(*step_angles), step_wires, self.wires) @ out  # type: ignore[arg-type]
        return out

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        return [
            step for gate, inner, where in reversed(self.steps(angles, wires)) for step in gate.inverse(inner, where)
        ]


class Prepare(Gate):
    """The preparation of real amplitudes on fresh wires: normalised, most significant wire first. Not a unitary."""

    def __init__(self, wires: int) -> None:
        super().__init__("prepare", wires, tuple(f"a{i}" for i in range(2**wires)))

    def matrix(self, *angles: float) -> Matrix:
        raise CircuitError("prepare has no matrix", do="it sets the state of fresh wires; use qdl.state to read it")

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        raise CircuitError("prepare has no inverse", do="invert the circuit without its preparations")


def embed(matrix: Matrix, positions: Sequence[int], wires: int) -> Matrix:
    """The matrix of a gate on `positions` (most significant first) inside a register of `wires` wires."""
    rest = [w for w in range(wires) if w not in positions]
    if not wires:
        return matrix.reshape(1, 1)
    whole: Matrix = np.asarray(np.kron(matrix, np.eye(2 ** len(rest))), dtype=complex)
    order = np.argsort([*positions, *rest])
    tensor = whole.reshape((2,) * (2 * wires)).transpose([*order, *(order + wires)])
    return tensor.reshape(2**wires, 2**wires)


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
    if name is None and (gate, controls) in _NAMED:
        return _NAMED[gate, controls]
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
        return Fixed(label, idle + place(gate.constant))
    if isinstance(gate, Exponential):
        return Exponential(label, place(gate.generator), gate.angles[0])
    assert isinstance(gate, Rotor)
    return Rotor(label, np.stack([place(matrix) for matrix in gate.inner]), idle + place(gate.idle))


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
    if not _wires_of(array):
        raise CircuitError("a unitary needs at least one wire", got="shape (1, 1)", do="a phase is gphase(angle)")
    error = float(np.abs(array @ array.conj().T - np.eye(len(array))).max())
    if error > 1e-6:
        raise CircuitError("the matrix is not unitary", got=f"|U U^+ - 1| = {error:.2g}", expected="at most 1e-6")
    if error > 1e-14:
        left, _, right = np.linalg.svd(array)
        array = left @ right
    return Fixed(name, array)


def constant_matrix(value: object) -> Matrix:
    """A user's matrix as finite complex numbers; refused if it is not made of plain numbers."""
    if getattr(value, "requires_grad", False):
        remedy = "detach it, or use a gate with a Param"
        raise CircuitError("a matrix in a circuit is constant", got="a tensor with requires_grad", do=remedy)
    try:
        array = np.asarray(value, dtype=complex).copy()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise CircuitError("this is no matrix of numbers", got=f"{type(value).__name__} ({error})"[:120]) from None
    if not np.isfinite(array).all():
        raise CircuitError("a matrix must be finite", got="NaN or infinity among the entries")
    return array


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


def gate(name: str) -> Gate:
    """The row with this name.

    Examples
    --------
    >>> gate("cx").wires
    2
    """
    if isinstance(name, str) and name in TABLE:
        return TABLE[name]
    close = get_close_matches(str(name), TABLE, n=3)
    raise CircuitError(
        f"unknown gate {name!r}",
        do=f"did you mean {' or '.join(map(repr, close))}?" if close else "the README lists the gate table",
    )


def _wires_of(matrix: Matrix) -> int:
    size = matrix.shape[0] if matrix.ndim == 2 else 0
    if matrix.ndim != 2 or matrix.shape != (size, size) or size < 1 or size & (size - 1):
        raise CircuitError("a gate's matrix must be square of size 2**k", got=f"shape {matrix.shape}")
    return size.bit_length() - 1


def _snap(value: float) -> float:
    """Eigenvalues of table rows are multiples of 1/4; take away the rounding of the eigensolver."""
    return round(value * 4) / 4 if abs(value * 4 - round(value * 4)) < 1e-12 else float(value)


_SQ = math.sqrt(0.5)
_PROJECT = {"0": np.diag([1, 0]).astype(complex), "1": np.diag([0, 1]).astype(complex)}
_FIXED: dict[str, tuple[NDArray[Any], str | None]] = {
    "id": (PAULI["I"], None),
    "x": (PAULI["X"], None),
    "y": (PAULI["Y"], None),
    "z": (PAULI["Z"], None),
    "h": (_SQ * np.array([[1, 1], [1, -1]], dtype=complex), None),
    "s": (np.diag([1, 1j]), "sdg"),
    "sdg": (np.diag([1, -1j]), "s"),
    "t": (np.diag([1, np.exp(0.25j * np.pi)]), "tdg"),
    "tdg": (np.diag([1, np.exp(-0.25j * np.pi)]), "t"),
    "sx": (0.5 * np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]), "sxdg"),
    "sxdg": (0.5 * np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]), "sx"),
    "swap": (np.eye(4, dtype=complex)[[0, 2, 1, 3]], None),
}
_PAULI_ROTATIONS = {"rx": "X", "ry": "Y", "rz": "Z", "rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "ZX"}
_CONTROLLED = {
    "cx": ("x", 1),
    "cy": ("y", 1),
    "cz": ("z", 1),
    "ch": ("h", 1),
    "cs": ("s", 1),
    "csdg": ("sdg", 1),
    "csx": ("sx", 1),
    "cswap": ("swap", 1),
    "ccx": ("x", 2),
    "ccz": ("z", 2),
    "c3x": ("x", 3),
    "c3sx": ("sx", 3),
    "c4x": ("x", 4),
    "cp": ("p", 1),
    "cu1": ("u1", 1),
    "crx": ("rx", 1),
    "cry": ("ry", 1),
    "crz": ("rz", 1),
    "cu3": ("u3", 1),
}
_PI = math.pi
_SEQUENCES: dict[str, tuple[int, tuple[str, ...], Callable[..., Sequence[tuple]]]] = {
    "u": (1, ("theta", "phi", "lam"), lambda t, f, q: [("p", (q,), (0,)), ("ry", (t,), (0,)), ("p", (f,), (0,))]),
    "u3": (1, ("theta", "phi", "lam"), lambda t, f, q: [("p", (q,), (0,)), ("ry", (t,), (0,)), ("p", (f,), (0,))]),
    "u2": (1, ("phi", "lam"), lambda f, q: [("p", (q,), (0,)), ("ry", (_PI / 2,), (0,)), ("p", (f,), (0,))]),
    "r": (1, ("theta", "phi"), lambda t, f: [("rz", (-f,), (0,)), ("rx", (t,), (0,)), ("rz", (f,), (0,))]),
    "cu": (
        2,
        ("theta", "phi", "lam", "gamma"),
        lambda t, f, q, g: [("p", (g,), (0,)), (controlled(TABLE["u"], "1"), (t, f, q), (0, 1))],
    ),
    "iswap": (2, (), lambda: [("rxx", (-_PI / 2,), (0, 1)), ("ryy", (-_PI / 2,), (0, 1))]),
    "dcx": (2, (), lambda: [("cx", (), (0, 1)), ("cx", (), (1, 0))]),
    "ecr": (2, (), lambda: [("rzx", (_PI / 4,), (0, 1)), ("x", (), (0,)), ("rzx", (-_PI / 4,), (0, 1))]),
    "xx_plus_yy": (
        2,
        ("theta", "beta"),
        lambda t, b: [
            ("rz", (b,), (0,)),
            ("rxx", (t / 2,), (0, 1)),
            ("ryy", (t / 2,), (0, 1)),
            ("rz", (-b,), (0,)),
        ],
    ),
    "xx_minus_yy": (
        2,
        ("theta", "beta"),
        lambda t, b: [
            ("rz", (-b,), (1,)),
            ("rxx", (t / 2,), (0, 1)),
            ("ryy", (-t / 2,), (0, 1)),
            ("rz", (b,), (1,)),
        ],
    ),
    "rccx": (
        3,
        (),
        lambda: [
            *(("h", (), (2,)), ("t", (), (2,)), ("cx", (), (1, 2)), ("tdg", (), (2,)), ("cx", (), (0, 2))),
            *(("t", (), (2,)), ("cx", (), (1, 2)), ("tdg", (), (2,)), ("h", (), (2,))),
        ],
    ),
    "rcccx": (
        4,
        (),
        lambda: [
            *(("h", (), (3,)), ("t", (), (3,)), ("cx", (), (2, 3)), ("tdg", (), (3,)), ("h", (), (3,))),
            *(("cx", (), (0, 3)), ("t", (), (3,)), ("cx", (), (1, 3)), ("tdg", (), (3,))),
            *(("cx", (), (0, 3)), ("t", (), (3,)), ("cx", (), (1, 3)), ("tdg", (), (3,))),
            *(("h", (), (3,)), ("t", (), (3,)), ("cx", (), (2, 3)), ("tdg", (), (3,)), ("h", (), (3,))),
        ],
    ),
}
# What OpenQASM 3's stdgates.inc defines, and the built-in gphase, under the same name and with the same angles.
_STDGATES = "id x y z h s sdg t tdg sx swap rx ry rz p u1 u2 u3 cx cy cz cp crx cry crz ch ccx cswap cu gphase"

TABLE: dict[str, Gate] = {}
_NAMED: dict[tuple[Gate, str], Gate] = {}  # (base, control values) to the row that this controlled gate is


def _fill() -> None:
    for name, (matrix, inverse) in _FIXED.items():
        TABLE[name] = Fixed(name, matrix, inverse)
    for name, letters in _PAULI_ROTATIONS.items():
        TABLE[name] = Exponential(name, pauli_string(letters) / 2, pauli=letters)
    for name in ("p", "u1"):
        TABLE[name] = Exponential(name, -_PROJECT["1"], "lam")
    TABLE["gphase"] = Exponential("gphase", -np.eye(1, dtype=complex), "gamma")
    TABLE["rv"] = Rotor("rv", np.stack([PAULI[letter] for letter in "IXYZ"]))
    _NAMED[TABLE["gphase"], "1"] = TABLE["p"]
    _fill_controlled()
    for name, (wires, angles, body) in _SEQUENCES.items():
        TABLE[name] = Composite(name, wires, angles, body)
    _fill_controlled()
    for name in _STDGATES.split():
        TABLE[name].qasm = name
    TABLE["u"].qasm = "U"


def _fill_controlled() -> None:
    """The rows whose base is there by now: sequences use some of them, others control a sequence."""
    for name, (base, count) in _CONTROLLED.items():
        if base in TABLE and name not in TABLE:
            TABLE[name] = _NAMED[TABLE[base], "1" * count] = controlled(TABLE[base], "1" * count, name)


_fill()
