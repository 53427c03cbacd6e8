"""States that encoding circuits leave, without the circuits. Wire 0 is the most significant bit of a state's index.

*Product states* are outer products of two-vectors. *Phase maps* are (D H)^r |0>, H being a Hadamard on every wire and D
diagonal: each repetition is a Walsh-Hadamard transform and a phase. *Exchange steps* of the Heisenberg coupling of two
wires are a mixture of both wires as they are and swapped, since XX + YY + ZZ = 2 SWAP - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

Word = tuple[int, ...]


def product_state(factors: Tensor) -> Tensor:
    """The outer product of the states of single wires.

    Parameters
    ----------
    factors : Tensor, shape (*batch, wires, 2), real or complex

    Returns
    -------
    Tensor, shape (*batch, 2**wires)

    Examples
    --------
    >>> product_state(torch.tensor([[0.0, 1.0], [0.6, 0.8]]))
    tensor([0.0000, 0.0000, 0.6000, 0.8000])
    """
    state, *rest = factors.unbind(-2)
    for factor in rest:
        state = (state[..., :, None] * factor[..., None, :]).flatten(-2)
    return state


def rotated(angles: Tensor, axis: str) -> Tensor:
    """R(angle)|0> of single wires about "x", "y", or "z" (then a Hadamard goes before the rotation).

    Parameters
    ----------
    angles : Tensor, any shape
        In radians.
    axis : str

    Returns
    -------
    Tensor, shape (*angles.shape, 2), complex

    Examples
    --------
    >>> rotated(torch.tensor(torch.pi), "y").real.round()
    tensor([-0., 1.])
    """
    cos, sin = (angles / 2).cos(), (angles / 2).sin()
    zero = torch.zeros_like(cos)
    if axis == "z":
        return torch.stack((torch.complex(cos, -sin), torch.complex(cos, sin)), -1) / 2**0.5
    up = torch.complex(cos, zero)
    return torch.stack((up, torch.complex(zero, -sin) if axis == "x" else torch.complex(sin, zero)), -1)


def words(wires: int, pairs: str = "full") -> list[Word]:
    """Every single wire, then pairs of wires: "full", all; "linear", neighbours; "ring", those around the
    end too; "none".

    Examples
    --------
    >>> words(3, "linear")
    [(0,), (1,), (2,), (0, 1), (1, 2)]
    """
    line: list[Word] = [(i, i + 1) for i in range(wires - 1)]
    known: dict[str, list[Word]] = {
        "full": list(combinations(range(wires), 2)),
        "linear": line,
        "ring": line + [(wires - 1, 0)] * (wires > 2),
        "none": [],
    }
    return [*((i,) for i in range(wires)), *known[pairs]]


def parities(wires: int, among: Sequence[Word]) -> Tensor:
    """The value +-1 of products of Z in every basis state.

    Parameters
    ----------
    wires : int
    among : sequence of tuple of int
        The wires of each product.

    Returns
    -------
    Tensor, shape (len(among), 2**wires), float64

    Examples
    --------
    >>> parities(2, [(1,), (0, 1)])
    tensor([[ 1., -1.,  1., -1.],
            [ 1., -1., -1.,  1.]], dtype=torch.float64)
    """
    index = torch.arange(2**wires)
    z = torch.stack([1.0 - 2 * (index >> (wires - 1 - wire) & 1).double() for wire in range(wires)])
    return torch.stack([z[list(word)].prod(0) for word in among])


def phase_map(phases: Tensor, repetitions: int) -> Tensor:
    """(D H)^r |0>, with D = diag(e^{i phase}) and H a Hadamard on every wire.

    Parameters
    ----------
    phases : Tensor, shape (*batch, 2**wires)
        In radians.
    repetitions : int

    Returns
    -------
    Tensor, shape (*batch, 2**wires), complex

    Examples
    --------
    >>> phase_map(torch.zeros(4), 1).real
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    turn = torch.complex(phases.cos(), phases.sin())
    state = turn / phases.shape[-1] ** 0.5
    for _ in range(repetitions - 1):
        state = turn * hadamards(state)
    return state


def hadamards(state: Tensor) -> Tensor:
    """A Hadamard on every wire, (*batch, 2**wires) -> the same shape.

    Examples
    --------
    >>> hadamards(torch.tensor([1.0, 0.0]))
    tensor([0.7071, 0.7071])
    """
    size = state.shape[-1]
    for wire in range(size.bit_length() - 1):
        zero, one = state.unflatten(-1, (2**wire, 2, -1)).unbind(-2)
        state = torch.stack((zero + one, zero - one), -2).flatten(-3)
    return state / size**0.5


def exchange_step(state: Tensor, angles: Tensor, wire: int) -> Tensor:
    """exp(-i angle (XX + YY + ZZ)) on two neighbouring wires.

    Parameters
    ----------
    state : Tensor, shape (*batch, 2**wires), complex
    angles : Tensor, shape (*batch,)
    wire : int
        The first of the two.

    Returns
    -------
    Tensor, shape (*batch, 2**wires)

    Examples
    --------
    >>> state = torch.tensor([0, 1, 0, 0], dtype=torch.complex64)
    >>> exchange_step(state, torch.tensor(torch.pi / 4), 0).abs()
    tensor([0., 0., 1., 0.])
    """
    # exp(-ia(2S - 1)) = e^{ia} (cos 2a - i S sin 2a), because S is its own inverse.
    swapped = state.unflatten(-1, (2**wire, 2, 2, -1)).transpose(-3, -2).flatten(-4)
    phase = torch.complex(angles.cos(), angles.sin())[..., None]
    cos, sin = (2 * angles).cos()[..., None], (2 * angles).sin()[..., None]
    return phase * (cos * state - 1j * sin * swapped)
