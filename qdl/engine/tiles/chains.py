"""Tables by which the kernels build block matrices from angles, and take gradients back: one matrix in each lane.

A block is a product of gates, a gate a sum of waves cos(angle rate + offset) times constant matrices (`engine.stacks`).
Where angles are shared by the batch, lanes are blocks; where they are per sample, lanes are samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from qdl.engine.stacks import Stack
from qdl.engine.tiles import codes, driver
from qdl.engine.tiles.emit import LINE
from qdl.engine.tiles.share import Kernels, call

NOTHING = (0,) * len(driver.BUILD)  # what an entry point is told where there is nothing to build


class Lanes(NamedTuple):
    """Which sample a lane takes its angles from: group * group_step + lane * lane_step, or the last if that is less."""

    group_step: int
    lane_step: int
    last: int


ALONE = Lanes(0, 0, 0)  # angles that are shared


class Chains:
    """The chains of some stacks, as arrays for the kernels.

    Parameters
    ----------
    stacks : sequence of Stack
        Without rotors.
    first : int
        The number of the first angle that they may use.
    kernels : Kernels
    sampled : bool
        Whether angles are per sample.

    Attributes
    ----------
    last : (V,) int
        Where the numbers of the blocks' matrices, one after the other, lie among the products; if `sampled`.
    room : int
        Bytes that a thread needs to build in.
    """

    def __init__(self, stacks: Sequence[Stack], first: int, lanes: int, kernels: Kernels, sampled: bool) -> None:
        self.kernels = kernels
        arrays: dict[str, list[Any]] = {name: [] for name in ("index", "rates", "offsets", "waves")}
        rows, spots, last = [], [], []
        place = {"feature": 0, "wave": 0, "product": 0, "matrix": 0}
        spot = 0
        for stack in stacks:
            count, length, wide = len(stack.rates) // stack.length, stack.length, stack.rates.shape[1]
            whole = 2 * stack.size**2
            numbers = np.stack([stack.constants.real, stack.constants.imag], -1).reshape(length, count, wide, whole)
            angles = np.broadcast_to(stack.angles.reshape(length, count, 1) - first, (length, count, wide))
            parts = [angles, stack.rates.reshape(length, count, wide), stack.offsets.reshape(length, count, wide)]
            for start in range(0, count, 1 if sampled else lanes):
                chosen = slice(start, start + (1 if sampled else lanes))
                for name, part in zip(("index", "rates", "offsets"), parts, strict=True):
                    arrays[name].append(_lanes_last(part[:, chosen], lanes, sampled).reshape(-1, lanes))
                constants = _lanes_last(numbers[:, chosen].reshape(length, -1, wide * whole), lanes, sampled)
                arrays["waves"].append(constants.reshape(-1, lanes))
                rows.append([stack.size.bit_length() - 1, *place.values(), wide, length])
                last.append(place["product"] + (length - 1) * whole + np.arange(whole))
                held = 1 if sampled else min(lanes, count - start)
                spots.append([spot + k * whole for k in range(held)] + [-1] * (lanes - held))
                spot += held * whole
                sizes = (length * wide, length * wide * whole, length * whole, whole)
                place = {name: at + size for (name, at), size in zip(place.items(), sizes, strict=True)}
        self.program, self.spots = np.array(rows, dtype=np.int64), np.array(spots, dtype=np.int64)
        self.last = np.concatenate(last)
        joined = {name: np.concatenate(parts) for name, parts in arrays.items()}
        self.index = np.ascontiguousarray(joined["index"], dtype=np.int64)
        self.rates, self.offsets, self.waves = (  # copied into torch's memory, where vectors are aligned
            torch.tensor(joined[k], dtype=kernels.dtype, device="cpu") for k in ("rates", "offsets", "waves")
        )
        self.tables = (
            len(self.program), self.program.ctypes.data,
            place["feature"], self.index.ctypes.data, *(t.data_ptr() for t in (self.rates, self.offsets, self.waves)),
        )  # fmt: skip
        rooms = (2, place["feature"], place["feature"], place["product"], place["product"], place["matrix"])
        self.starts = tuple(LINE * int(at) for at in np.cumsum((0, *rooms)))
        self.matrices = place["matrix"]
        self.room = self.starts[-1] + LINE * 2 * 4**codes.WIDEST

    def arguments(
        self, angles: Tensor, out: Tensor | None, lanes: Lanes, room: int, made: int | None = None
    ) -> tuple[int, ...]:
        """What the kernels are told, in the order of `BUILD`.

        Parameters
        ----------
        angles : (n,) or (S, n), contiguous
        out : Tensor, optional
            Shaped like it; the gradients are added to it.
        room : int
            The address of a thread's room.
        made : int, optional
            The address of the room they were built in, if it is another one.
        """
        places, values, slopes, links, products, gradients, spare = (room + start for start in self.starts)
        if made is not None:
            places, links, products = (made + self.starts[k] for k in (0, 3, 4))
        return (
            *self.tables, angles.data_ptr(), 0 if out is None else out.data_ptr(),
            angles.shape[-1], *lanes, places, values, slopes, links, products, gradients, self.matrices, spare,
        )  # fmt: skip

    def products(self, room: int) -> int:
        """The address of the products in a room."""
        return room + self.starts[4]

    def gradients(self, room: int) -> int:
        """The address of the matrices' gradients in a room."""
        return room + self.starts[5]

    def make(self, angles: Tensor, sheet: Tensor) -> Tensor:
        """Lay the matrices of all blocks into a sheet, (V, lanes), at shared angles, (n,); the room, for `unmake`."""
        room = self._room()
        self._call(driver.MAKE_ENTRY, self.arguments(angles, None, ALONE, room.data_ptr()), sheet, 0, 0)
        return room

    def unmake(self, angles: Tensor, gradients: Tensor, out: Tensor, made: Tensor) -> None:
        """Add the gradients of the angles to `out`, from those of sheets, (copies, V, lanes), which are summed up."""
        room = self._room()
        building = self.arguments(angles, out, ALONE, room.data_ptr(), made.data_ptr())
        self._call(driver.UNMAKE_ENTRY, building, gradients, *gradients.shape[:2])

    def _room(self) -> Tensor:
        return torch.empty(self.room, dtype=torch.uint8, device="cpu")

    def _call(self, entry: int, building: tuple[int, ...], sheet: Tensor, copies: int, stride: int) -> None:
        call(self.kernels, entry, (*building, self.spots.ctypes.data, sheet.data_ptr(), copies, stride))


def _lanes_last(part: Any, lanes: int, sampled: bool) -> Any:
    """(length, chains, f) as (length, f, lanes): missing chains are zero, or all lanes are the one chain."""
    turned = np.moveaxis(part, 1, 2)
    if sampled:
        return np.broadcast_to(turned, (*turned.shape[:2], lanes))
    out = np.zeros((*turned.shape[:2], lanes), dtype=part.dtype)
    out[..., : turned.shape[2]] = turned
    return out
