"""Gates, channels and measurements as real matrices on density matrices.

A Hermitian matrix is a real combination of orthonormal Hermitian ones. For one wire they are

    E_0 = |0><0|,   E_1 = |1><1|,   E_2 = X/sqrt(2),   E_3 = Y/sqrt(2),

two index bits, the first telling coherences from populations; for several wires their tensor products. So a density
matrix of n wires is a real vector of 4**n coordinates Tr(E_a rho), |0...0> is its first unit vector, populations are
the coordinates whose first bits are 0, and a measured bit, which has no coherences, takes one index bit. Every gate is
an orthogonal matrix and every channel a real one, R_ab = Tr(E_a channel(E_b)): a quarter of the work of complex
superoperators. (ours; the Pauli transfer matrix in another orthonormal basis)

An operation stays linear in real features of its angles:

* exp(-itG) has the features cos(w t), sin(w t) for every difference w of G's eigenvalues;
* a rotor has the products of two of its features;
* a channel has the features of its row, which are expressions of its strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce

import numpy as np
from numpy.typing import NDArray

from qdl.errors import CircuitError
from qdl.ir.channels import Channel, Kraus, Measure
from qdl.ir.channels.kinds import Pairs
from qdl.ir.circuit import Operation
from qdl.ir.gates import Exponential, Fixed, Gate, Matrix, Prepare, Rotor
from qdl.ir.params import Angle, apply

Real = NDArray[np.float64]
MOST_WIRES = 5  # of a gate; its map has 16**wires entries
MOST_ENTRIES = 2**26  # of all constants of a map: half a gigabyte
_SQ = np.sqrt(0.5)


class Map(Gate):
    """A linear map: constants weighted by real features. The constants are real where it acts on coordinates.

    Attributes
    ----------
    source : Gate
        The gate, channel or measurement that it stands for.
    kind : str
        ``"waves"``: features cos(angle rate + offset) of one angle; ``"rotor"``: products of a rotor's features;
        ``"linear"``: the features are the angles.
    constants : (F, 2**b, 2**b)
        b index bits: on coordinates one for each measured bit in front and two for each wire.
    rates, offsets : (F,) float
        Of waves.
    unitary : bool
        Whether it is undone by its adjoint, whatever its angles will be.
    """

    def __init__(
        self,
        source: Gate,
        kind: str,
        constants: Real | Matrix,
        angles: Sequence[str],
        rates: Real,
        offsets: Real,
        unitary: bool = False,
    ) -> None:
        super().__init__(source.name, constants.shape[-1].bit_length() - 1, angles)
        self.source, self.kind, self.constants, self.rates, self.offsets = source, kind, constants, rates, offsets
        self.unitary = unitary

    def _content(self) -> tuple[object, ...]:
        return (self.kind, self.constants.tobytes(), self.rates.tobytes())


@lru_cache(maxsize=16)
def basis(wires: int) -> Matrix:
    """The columns vec(E_a), (4**wires, 4**wires), vec taking rows one after the other."""
    one = np.array([[1, 0, 0, 0], [0, 0, _SQ, -1j * _SQ], [0, 0, _SQ, 1j * _SQ], [0, 1, 0, 0]])
    if not wires:
        return np.ones((1, 1), dtype=complex)
    whole = reduce(np.kron, [one] * wires).reshape((2,) * (2 * wires) + (4**wires,))
    rows = [2 * w for w in range(wires)] + [2 * w + 1 for w in range(wires)]
    return np.ascontiguousarray(whole.transpose([*rows, 2 * wires])).reshape(4**wires, 4**wires)


def coordinates(matrix: Matrix) -> Real:
    """Tr(E_a matrix) of a Hermitian matrix, (4**wires,)."""
    return (basis(len(matrix).bit_length() - 1).conj().T @ np.asarray(matrix).reshape(-1)).real


def transfer(pairs: Pairs) -> Real:
    """The real matrix of rho -> sum A rho B^+, which keeps Hermitian matrices Hermitian."""
    size = len(pairs[0][0])
    return _transfer(size, b"".join(a.tobytes() for a, _ in pairs), b"".join(b.tobytes() for _, b in pairs))


@lru_cache(maxsize=4096)
def _transfer(size: int, left: bytes, right: bytes) -> Real:
    turned = basis(size.bit_length() - 1)
    pairs = zip(*(np.frombuffer(side, dtype=complex).reshape(-1, size, size) for side in (left, right)), strict=True)
    total = sum(np.kron(a, b.conj()) for a, b in pairs)
    out = np.ascontiguousarray((turned.conj().T @ total @ turned).real)
    out.setflags(write=False)
    return out


def as_map(op: Operation, bits: int = 0) -> tuple[Gate, tuple[Angle, ...]]:
    """An operation as a map, and its angles; its condition stands on `bits` measured bits in front of its wires.

    A preparation stays what it is; a measurement acts on its bit and its wire.
    """
    if isinstance(op.gate, Prepare):
        return op.gate, op.angles
    accepted = tuple(sorted(op.condition.accepted)) if op.condition else ()
    if isinstance(op.gate, Channel):
        features = op.gate.features(*op.angles)
        constants = np.stack([transfer(pairs) for pairs in features.values()])
        kept = (1.0,) if bits else ()  # where the condition does not hold
        return _linear(op.gate, _under(constants, accepted, bits, apart=True)), (*features, *kept)
    if isinstance(op.gate, Measure) and op.angles:
        reads = op.gate.reads(*op.angles)
        constants = np.stack([np.kron(_written(r), transfer([(_project(m), _project(m))])) for m, r in reads])
        kept = (1.0,) if bits else ()
        return _linear(op.gate, _under(constants, accepted, bits, apart=True)), (*reads.values(), *kept)
    if op.gate.wires > MOST_WIRES:
        expected = f"at most {MOST_WIRES} on density matrices"
        raise CircuitError(f"the gate {op.gate.name!r} is too wide", got=op.gate.wires, expected=expected)
    _require_size(op.gate)
    return _gate_map(op.gate, accepted, bits), op.angles


def _require_size(gate: Gate) -> None:
    """Refuses an exponential with two constants of 16**wires entries for each of very many frequencies."""
    if not isinstance(gate, Exponential):
        return
    features = 1 + 2 * len(gate.frequencies())
    if features * 16**gate.wires > MOST_ENTRIES:
        raise CircuitError(
            f"the gate {gate.name!r} is too large a map of density matrices",
            got=f"{features} features on {gate.wires} wires",
            expected=f"at most {MOST_ENTRIES // 16**gate.wires} features there",
            do="use engine='state' or 'trajectory', or generators on fewer wires",
        )


def _linear(source: Gate, constants: Real | Matrix, unitary: bool = False) -> Map:
    none = np.zeros(0)
    return Map(source, "linear", constants, [f"f{k}" for k in range(len(constants))], none, none, unitary)


def ways(op: Operation) -> tuple[Kraus, ...]:
    """The ways that a channel or a measurement can take, unitary ones without a factor."""
    if isinstance(op.gate, Measure):
        return tuple(Kraus(p, ((1.0, _project(m)),)) for (m, _), p in op.gate.reads(*op.angles).items())
    assert isinstance(op.gate, Channel)
    return tuple(_freed(kraus) for kraus in op.gate.kraus(*op.angles))


def _freed(kraus: Kraus) -> Kraus:
    """The same with a matrix that is a multiple of a unitary as that unitary, its square in the weight."""
    scale = _unitary_scale(kraus)
    if scale is None or abs(scale - 1) < 1e-15:
        return kraus
    ((amplitude, matrix),) = kraus.terms
    return Kraus(apply("mul", scale, kraus.weight), ((amplitude, matrix / np.sqrt(scale)),))


def _unitary_scale(kraus: Kraus) -> float | None:
    """c with K^+ K = c for a constant matrix; None if there is none."""
    if len(kraus.terms) > 1 or kraus.terms[0][0] != 1.0:
        return None
    matrix = kraus.terms[0][1]
    square = matrix.conj().T @ matrix
    scale = float(square[0, 0].real)
    return scale if scale > 0 and np.abs(square - scale * np.eye(len(square))).max() < 1e-14 * scale else None


def drawn(source: Gate, kraus: Sequence[Kraus], idle: bool) -> tuple[Map, bool]:
    """The map sum_k h_k K_k, with the identity behind the ways if `idle`; whether every way is a unitary."""
    constants = [matrix for way in kraus for _, matrix in way.terms]
    constants += [np.eye(len(constants[0]), dtype=complex)] * idle
    blind = all(_unitary_scale(way) is not None for way in kraus)
    return _linear(source, np.stack(constants), blind), blind


@lru_cache(maxsize=4096)
def _gate_map(gate: Gate, accepted: tuple[int, ...], bits: int) -> Map:
    if isinstance(gate, Measure):
        both = [np.kron(_written(m), transfer([(_project(m), _project(m))])) for m in (0, 1)]
        written: Real = np.asarray(both).sum(0, keepdims=True)
        return Map(gate, "waves", _under(written, accepted, bits), (), np.zeros(1), np.zeros(1))
    if isinstance(gate, Fixed):
        constants = transfer([(gate.constant, gate.constant)])[None]
        return Map(gate, "waves", _under(constants, accepted, bits), (), np.zeros(1), np.zeros(1))
    if isinstance(gate, Exponential):
        rates, offsets, constants = _waves(gate)
        return Map(gate, "waves", _under(constants, accepted, bits), gate.angles, rates, offsets)
    assert isinstance(gate, Rotor)
    return Map(gate, "rotor", _under(_rotor(gate), accepted, bits, one=-1), gate.angles, np.zeros(0), np.zeros(0))


def _written(value: int) -> Real:
    """The map on a bit that forgets what it was and sets it."""
    out = np.zeros((2, 2))
    out[value] = 1
    return out


def _project(value: int) -> Matrix:
    return np.diag([1.0 - value, value]).astype(complex)


def _waves(gate: Exponential) -> tuple[Real, Real, Real]:
    """Rates, offsets and constants: U rho U^+ = sum over pairs of eigenvalues of exp(-it(r - s)) P_r rho P_s."""
    rates, projectors = gate.rates, gate.projectors
    still = [(p, p) for p in projectors]
    speeds, offsets, constants = [0.0], [0.0], [transfer(still)]
    for w in gate.frequencies():
        apart = np.abs(rates[:, None] - rates[None, :] - w) < 1e-9 * max(1.0, w)
        ahead = [(int(r), int(s)) for r, s in np.argwhere(apart)]
        forth = [(projectors[r], projectors[s]) for r, s in ahead]
        back = [(projectors[s], projectors[r]) for r, s in ahead]
        # exp(-iwt) A + exp(iwt) A^+ = cos(wt) (A + A^+) + sin(wt) (-i A + i A^+)
        constants.append(transfer(forth + back))
        constants.append(transfer([(-1j * a, b) for a, b in forth] + [(1j * a, b) for a, b in back]))
        speeds += [w, w]
        offsets += [0.0, -np.pi / 2]
    return np.array(speeds), np.array(offsets), np.stack(constants)


PAIRS = tuple((j, k) for j in range(5) for k in range(j, 5))  # of a rotor's features (cos, v sinc, 1); see the engine


def _rotor(gate: Rotor) -> Real:
    """Constants of all products of two features of U = sum_j g_j C_j."""
    parts = [*(gate.inner * np.array([1, -1j, -1j, -1j])[:, None, None]), gate.idle]
    both = [[(parts[j], parts[k])] if j == k else [(parts[j], parts[k]), (parts[k], parts[j])] for j, k in PAIRS]
    return np.stack([transfer(pairs) for pairs in both])


def _under(constants: Real, accepted: tuple[int, ...], bits: int, apart: bool = False, one: int = 0) -> Real:
    """Constants under a condition on bits in front; where it does not hold, the identity.

    The identity goes with the feature 1, number `one`: the first of waves, the last product of a rotor's; `apart` adds
    it behind.
    """
    if not bits:
        return constants
    holds = np.zeros(2**bits)
    holds[list(accepted)] = 1
    size = constants.shape[-1]
    found = np.stack([np.kron(np.diag(holds), c) for c in constants])
    idle = np.kron(np.diag(1 - holds), np.eye(size))
    if apart:
        return np.concatenate([found, idle[None]])
    found[one] += idle
    return found
