"""The kinds of gates, each with its matrix, its inverse and what makes it the same as another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdl.errors import CircuitError
from qdl.ir.gates.matrices import Matrix, embed, wires_of
from qdl.ir.params import Angle, Expr, Param, as_angle

Step = tuple["Gate", tuple[Angle, ...], tuple[int, ...]]
TABLE: dict[str, Gate] = {}  # filled by qdl.ir.gates.rows


def row(name: str) -> Gate:
    """The row with this name; a row travels between processes as nothing more."""
    return TABLE[name]


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
        return (row, (self.name,)) if TABLE.get(self.name) is self else super().__reduce_ex__(protocol)

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
    """A gate without angles; ``inverse`` names the row that undoes it, or gives the steps that do, for some wires."""

    def __init__(
        self, name: str, matrix: Matrix, inverse: str | Callable[[tuple[int, ...]], list[Step]] | None = None
    ) -> None:
        super().__init__(name, wires_of(matrix))
        self.constant = np.ascontiguousarray(matrix, dtype=complex)
        self.constant.setflags(write=False)
        self._inverse = inverse

    def _content(self) -> tuple[object, ...]:
        return (self.constant.tobytes(),)

    def matrix(self, *angles: float) -> Matrix:
        return self.constant

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        if isinstance(self._inverse, str):
            return [(TABLE[self._inverse], (), wires)]
        adjoint = self.constant.conj().T
        if np.array_equal(adjoint, self.constant):
            return [(self, (), wires)]
        return [(Fixed("unitary", adjoint), (), wires)] if self._inverse is None else self._inverse(wires)


class Exponential(Gate):
    """U(t) = exp(-itG) for a Hermitian generator G.

    ``rates`` are the distinct eigenvalues of G and ``projectors`` the projectors on their eigenspaces.
    """

    def __init__(self, name: str, generator: Matrix, angle: str = "theta", pauli: str | None = None) -> None:
        super().__init__(name, wires_of(generator), (angle,))
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
        differences: NDArray[np.float64] = np.unique(np.abs(self.rates[:, None] - self.rates[None, :]))
        # Those that differ by rounding are one; none is rounded, since a shift rule would amplify that.
        apart = np.diff(differences, prepend=-1.0) > 1e-9 * max(1.0, float(differences[-1]))
        return differences[apart & (differences > 1e-9)]

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
        super().__init__(name, wires_of(inner[0]), ("vx", "vy", "vz"))
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
            (step if isinstance(step, Gate) else TABLE[step], tuple(map(as_angle, inner)), tuple(where))
            for step, inner, where in body(*formal)
        )

    def _content(self) -> tuple[object, ...]:
        return self._formal

    def steps(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        """The sequence on the given wires, one level deep."""

        def bound(angle: Angle) -> Angle:
            return angle.replace(lambda _, index: angles[index]) if isinstance(angle, Expr) else angle

        return [(step, tuple(map(bound, inner)), tuple(wires[w] for w in where)) for step, inner, where in self._formal]

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


def _snap(value: float) -> float:
    """Eigenvalues of table rows are multiples of 1/4; take away the rounding of the eigensolver."""
    return round(value * 4) / 4 if abs(value * 4 - round(value * 4)) < 1e-12 else float(value)
