"""Stacks: what the engine needs to build every block's matrix from angles in a few vectorised products.

Each gate is a sum of constants weighted by features of its angles (qdl.ir.gates). Here the features are made real: with
rates r and -r, exp(-i t r) P_r + exp(i t r) P_-r = cos(r t) (P_r + P_-r) + sin(r t) (-i) (P_r - P_-r), and a sine is a
cosine with an offset; a rotor's features are cos(|v|/2), v sin(|v|/2)/|v| and 1. Maps (qdl.ir.maps) have real features
from the start: such waves, products of two of a rotor's features, or angles themselves. Embedded in the block's wires
the constants are D x D matrices, and constant gates are multiplied into their neighbours here, once. What is left of a
block is a chain of varying gates. All chains of one size are stacked into one `Stack`: features times constants gives
every gate of every block at once, and a tree of batched products the blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qdl.errors import CircuitError
from qdl.ir.gates import Exponential, Fixed, Gate, Matrix, Rotor, embed
from qdl.ir.maps import PAIRS, Map
from qdl.plan.angles import AngleIndex
from qdl.plan.fuse import Block, Placed

WRITTEN = 4  # wires of a block up to which its gates are written out as matrices of its size


@dataclass(frozen=True)
class Stack:
    """Chains of gates of one size, as arrays.

    Rows are gates: the first of every chain, then the second of every chain and so on, identities filling up shorter
    chains. Their features are computed for all exponentials, then for all rotors, then for all linear ones, then put in
    the order of the rows.

    Attributes
    ----------
    size : int
        D, the matrices' size; 2**k.
    sampled : bool
        Whether the angles are per sample.
    length : int
        Gates of a chain; there are rows / length chains.
    angles : (n_exponentials,) int
        The angle of each exponential; an identity is one that does not depend on its angle.
    rates, offsets : (n_exponentials, F) float
        Its features are cos(angle rate + offset).
    rotors : (n_rotors, 3) int
        The angles of each rotor.
    linears : (n_linears, F) int
        The angles that are features themselves; what is beyond a row's own is weighted by zero.
    order : (n_rows,) int
        Where the features of each row lie.
    constants : (n_rows, F, D, D) complex
        What the features weight.
    columns : bool
        Only the first column of each chain's product is wanted: the state that it makes of |0...0>.
    paired : bool
        Whether rotors are maps, whose features are products of two.
    """

    size: int
    sampled: bool
    length: int
    angles: NDArray[np.int64]
    rates: NDArray[np.float64]
    offsets: NDArray[np.float64]
    rotors: NDArray[np.int64]
    order: NDArray[np.int64]
    constants: Matrix
    linears: NDArray[np.int64]
    columns: bool = False
    paired: bool = False


@dataclass
class Link:
    """One varying gate of a chain, its constants already embedded and joined with constant neighbours."""

    gate: Gate
    angles: AngleIndex
    constants: Matrix  # (F, D, D)


def chain_of(members: Sequence[Placed], positions: Sequence[int]) -> tuple[list[Link], Matrix | None]:
    """The links of a block, or its constant matrix when nothing in it varies."""
    size = 2 ** len(positions)
    pending = np.eye(size, dtype=complex)
    fresh = True
    links: list[Link] = []
    for member in members:
        gate, places = member.operation.gate, tuple(positions.index(p) for p in member.positions)
        if member.angles:
            constants = embedded(gate, places, len(positions))
            links.append(Link(gate, member.angles, constants if fresh else constants @ pending))
            pending, fresh = np.eye(size, dtype=complex), True
        else:
            pending, fresh = _after(member, places, pending), False
    if not links:
        return [], pending
    if not fresh:
        links[-1].constants = pending @ links[-1].constants
    return links, None


@lru_cache(maxsize=16)
def entries(positions: int, is_complex: bool) -> Map:
    """A matrix as a map that is linear in its entries, row by row, the imaginary part behind each real one."""
    size = 2**positions
    units = np.eye(size**2).reshape(-1, size, size)
    constants = np.stack([units, 1j * units], 1).reshape(-1, size, size) if is_complex else units
    none = np.zeros(0)
    return Map(_NOTHING, "linear", constants, [f"m{k}" for k in range(len(constants))], none, none)


def _after(member: Placed, places: tuple[int, ...], pending: Matrix) -> Matrix:
    """A block's matrix with an operation after it whose angles are plain numbers.

    In a wide block the operation is not written out: that would take 8**k steps, and 4**k numbers to keep.
    """
    gate, wires = member.operation.gate, len(pending).bit_length() - 1
    weights = features(gate, member.operation.angles)  # type: ignore[arg-type]
    if wires <= WRITTEN:
        return np.einsum("f,fij->ij", weights, embedded(gate, places, wires)) @ pending
    small = np.einsum("f,fij->ij", weights, constants_of(gate))
    order = (*places, *(p for p in range(wires) if p not in places))
    rows = pending.reshape((2,) * wires + (-1,)).transpose(*order, wires)
    turned = (small @ rows.reshape(len(small), -1)).reshape(rows.shape)
    return np.ascontiguousarray(turned.transpose(*np.argsort(order), wires)).reshape(pending.shape)


def features(gate: Gate, angles: Sequence[float]) -> NDArray[np.complex128]:
    """The features of a gate at plain angles, in the order of its constants."""
    if isinstance(gate, Fixed):
        return np.ones(1, dtype=complex)
    if isinstance(gate, Exponential):
        return np.exp(-1j * angles[0] * gate.rates)
    if isinstance(gate, Rotor):
        length = float(np.sqrt(sum(v * v for v in angles)))
        slope = np.sinc(length / (2 * np.pi)) / 2
        return np.array([np.cos(length / 2), *(-1j * slope * v for v in angles), 1.0])
    if isinstance(gate, Map):
        return _map_features(gate, angles)
    raise CircuitError(f"gate {gate.name!r} has no features", do="expand it first")


def _map_features(gate: Map, angles: Sequence[float]) -> NDArray[np.complex128]:
    if gate.kind == "linear":
        return np.array(angles, dtype=complex)
    if gate.kind == "waves":
        return np.cos((angles[0] if angles else 0.0) * gate.rates + gate.offsets).astype(complex)
    length = float(np.linalg.norm(angles))
    slope = np.sinc(length / (2 * np.pi)) / 2
    single = [np.cos(length / 2), *(slope * v for v in angles), 1.0]
    return np.array([single[j] * single[k] for j, k in PAIRS], dtype=complex)


@lru_cache(maxsize=4096)
def embedded(gate: Gate, positions: tuple[int, ...], wires: int) -> Matrix:
    """The constants of a gate, (F, D, D), on the given positions of a block."""
    return np.stack([embed(matrix, positions, wires) for matrix in constants_of(gate)])


def constants_of(gate: Gate) -> Matrix:
    """The constant matrices that a gate's features weight, (F, d, d)."""
    if isinstance(gate, Fixed):
        return gate.constant[None]
    if isinstance(gate, Exponential):
        return gate.projectors
    if isinstance(gate, Rotor):
        return np.concatenate([gate.inner, gate.idle[None]])
    if isinstance(gate, Map):
        return gate.constants.astype(complex)
    raise CircuitError(f"gate {gate.name!r} has no constants", do="expand it first")


@dataclass(frozen=True)
class Place:
    """Where a block's matrix comes from: slot `slot` of stack `stack`, or a constant."""

    stack: int = -1
    slot: int = -1
    constant: Matrix | None = None


def make_stacks(blocks: Sequence[Block], columns: bool = False) -> tuple[list[Place], list[Stack]]:
    """A place for every block, and the stacks they are built in, one per size and kind of angles."""
    places: list[Place] = []
    chains: dict[tuple[int, bool], list[list[Link]]] = {}
    for block in blocks:
        links, constant = chain_of(block.members, block.positions)
        if constant is not None:
            places.append(Place(constant=constant[:, 0] if columns else constant))
            continue
        shape = (2 ** len(block.positions), block.sampled)
        group = chains.setdefault(shape, [])
        group.append(links)
        places.append(Place(list(chains).index(shape), len(group) - 1))
    return places, [make_stack(size, sampled, group, columns) for (size, sampled), group in chains.items()]


def make_stack(size: int, sampled: bool, chains: Sequence[Sequence[Link]], columns: bool = False) -> Stack:
    """Stack chains of matrices of one size into arrays."""
    length = max(map(len, chains))
    rows = [chain[k] if k < len(chain) else _identity(chain[0], size) for k in range(length) for chain in chains]
    waves = [_waves(link) for link in rows]
    kinds = np.array([_kind(link.gate) for link in rows])
    width = max(len(constants) for _, _, constants in waves)
    constants = np.zeros((len(rows), width, size, size), dtype=complex)
    rates = np.zeros((len(rows), width))
    offsets = np.zeros((len(rows), width))
    for r, (rate, offset, matrices) in enumerate(waves):
        constants[r, : len(matrices)] = matrices
        rates[r, : len(rate)], offsets[r, : len(rate)] = rate, offset
    order = np.argsort(np.argsort(kinds, kind="stable"), kind="stable")
    of_kind = [[link for link, kind in zip(rows, kinds, strict=True) if kind == wanted] for wanted in range(3)]
    linears = [link.angles + link.angles[:1] * (width - len(link.angles)) for link in of_kind[LINEAR]]
    return Stack(
        size,
        sampled,
        length,
        np.array([link.angles[0] for link in of_kind[WAVES]], dtype=np.int64),
        rates[kinds == WAVES],
        offsets[kinds == WAVES],
        np.array([link.angles for link in of_kind[ROTOR]], dtype=np.int64).reshape(-1, 3),
        order,
        constants,
        np.array(linears, dtype=np.int64).reshape(-1, width),
        columns,
        any(isinstance(link.gate, Map) for link in of_kind[ROTOR]),
    )


WAVES, ROTOR, LINEAR = range(3)  # how the features of a row follow from its angles


def _kind(gate: Gate) -> int:
    if isinstance(gate, Map):
        return {"waves": WAVES, "rotor": ROTOR, "linear": LINEAR}[gate.kind]
    return ROTOR if isinstance(gate, Rotor) else WAVES


def _identity(link: Link, size: int) -> Link:
    """A gate that does nothing, whatever an angle of this chain's own is."""
    return Link(_NOTHING, link.angles, np.eye(size, dtype=complex)[None])


_NOTHING = Fixed("nothing", np.eye(2, dtype=complex))


def _waves(link: Link) -> tuple[NDArray[np.float64], NDArray[np.float64], Matrix]:
    """The rates and offsets of an exponential's real features (none for a rotor), and what the features weight."""
    if isinstance(link.gate, Map):
        return link.gate.rates, link.gate.offsets, link.constants
    if isinstance(link.gate, Rotor):
        return np.zeros(0), np.zeros(0), link.constants * np.array([1, -1j, -1j, -1j, 1])[:, None, None]
    rates = link.gate.rates if isinstance(link.gate, Exponential) else np.zeros(1)
    speeds = np.unique(np.abs(rates))
    cosines = [link.constants[np.abs(rates) == speed].sum(0) for speed in speeds]
    moving = speeds[speeds > 0]
    signs = np.sign(rates)[:, None, None]
    sines = [-1j * (signs * link.constants)[np.abs(rates) == speed].sum(0) for speed in moving]
    offsets = np.concatenate([np.zeros(len(speeds)), np.full(len(moving), -np.pi / 2)])
    return np.concatenate([speeds, moving]), offsets, np.stack([*cosines, *sines])
