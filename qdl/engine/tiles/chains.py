"""From angles to block matrices and back inside the kernels: one matrix in each lane.

A block is a product of gates, a gate a sum of waves cos(angle rate + offset) times constant matrices (`engine.stacks`).
Where angles are shared by the batch, lanes are blocks; where they are per sample, lanes are samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.engine.stacks import Stack
from qdl.engine.tiles import codes, driver
from qdl.engine.tiles.share import Kernels, share


@dataclass
class Kept:
    """What `Chains.build` leaves for `Chains.slopes`."""

    phases: Tensor  # angle rate + offset of every wave
    links: Tensor
    products: Tensor


class Chains:
    """The chains of some stacks, as arrays for the kernels.

    Parameters
    ----------
    stacks : sequence of Stack
        Without rotors.
    first : int
        The number of the first angle that they may use.
    lanes : int
    kernels : Kernels

    Attributes
    ----------
    last : (V,) int
        Where the numbers of the blocks' matrices, one after the other, lie among a group's products: their places as
        vectors where lanes are samples, as single numbers where lanes are blocks.
    """

    def __init__(self, stacks: Sequence[Stack], first: int, lanes: int, kernels: Kernels, sampled: bool) -> None:
        self.sampled, self.lanes, self.kernels, dtype = sampled, lanes, kernels, kernels.dtype
        arrays: dict[str, list[Any]] = {name: [] for name in ("index", "rates", "offsets", "waves", "last", "gradient")}
        rows = []
        place = {"feature": 0, "wave": 0, "product": 0, "matrix": 0}
        for stack in stacks:
            count, length, wide = len(stack.rates) // stack.length, stack.length, stack.rates.shape[1]
            whole = 2 * stack.size**2
            numbers = np.stack([stack.constants.real, stack.constants.imag], -1).reshape(length, count, wide, whole)
            angles = np.broadcast_to(stack.angles.reshape(length, count, 1) - first, (length, count, wide))
            parts = [angles, stack.rates.reshape(length, count, wide), stack.offsets.reshape(length, count, wide)]
            for start in range(0, count, 1 if sampled else lanes):
                chosen = slice(start, start + (1 if sampled else lanes))
                taken = [_lanes_last(part[:, chosen], lanes, sampled) for part in parts]
                for name, part in zip(("index", "rates", "offsets"), taken, strict=True):
                    arrays[name].append(part.reshape(-1))
                constants = _lanes_last(numbers[:, chosen].reshape(length, -1, wide * whole), lanes, sampled)
                arrays["waves"].append(
                    np.broadcast_to(constants.reshape(length * wide * whole, -1), (length * wide * whole, lanes))
                )
                wires = stack.size.bit_length() - 1
                rows.append([wires, *place.values(), wide, length])
                end = place["product"] + (length - 1) * whole
                for lane in range(1 if sampled else min(lanes, count - start)):
                    entries = np.arange(whole)
                    arrays["last"].append(end + entries if sampled else (end + entries) * lanes + lane)
                    spot = place["matrix"] + entries
                    arrays["gradient"].append(spot if sampled else spot * lanes + lane)
                sizes = (length * wide, length * wide * whole, length * whole, whole)
                place = {name: at + size for (name, at), size in zip(place.items(), sizes, strict=True)}
        self.vectors = place
        self.program = np.array(rows, dtype=np.int64)
        joined = {name: np.concatenate(parts) for name, parts in arrays.items()}
        self.index, self.last, self.gradient = (
            torch.as_tensor(joined[k], device="cpu") for k in ("index", "last", "gradient")
        )
        self.rates, self.offsets, self.waves = (
            torch.as_tensor(joined[k], dtype=dtype, device="cpu") for k in ("rates", "offsets", "waves")
        )
        if sampled:
            self.rates, self.offsets = self.rates[:, None], self.offsets[:, None]

    def build(self, angles: Tensor) -> Kept:
        """All products of gates at angles (n,), or (groups, n, lanes) where they are per sample."""
        taken = angles.index_select(-2, self.index) if self.sampled else angles.index_select(0, self.index)
        phases = torch.addcmul(self.offsets, taken, self.rates)
        features = phases.cos()
        groups = len(angles) if self.sampled else 1
        kept = phases.new_empty(2, groups, self.vectors["product"], self.lanes)
        made = Kept(phases, kept[0], kept[1])
        self._call(driver.CHAIN_ENTRY, groups, features, made, None, None)
        return made

    def slopes(self, made: Kept, gradients: Tensor, out: Tensor) -> None:
        """Add the gradients of the angles to `out`, shaped as the angles.

        Parameters
        ----------
        gradients : (groups, V, lanes)
            Those of the matrices; they are overwritten.
        """
        found = torch.empty_like(made.phases)
        self._call(driver.UNCHAIN_ENTRY, len(gradients), made.phases, made, gradients, found)
        found *= made.phases.sin()
        found *= self.rates
        out.index_add_(-2 if self.sampled else 0, self.index, found, alpha=-1)

    def _call(
        self, entry: int, groups: int, features: Tensor, made: Kept, gradients: Tensor | None, slopes: Tensor | None
    ) -> None:
        spare = features.new_empty(torch.get_num_threads(), 2 * 4**codes.WIDEST, self.lanes)
        strides = {name: size if self.sampled else 0 for name, size in self.vectors.items()}
        tables = (
            len(self.program), self.program.ctypes.data,
            features.data_ptr(), strides["feature"], self.waves.data_ptr(),
            made.links.data_ptr(), made.products.data_ptr(), strides["product"],
            0 if gradients is None else gradients.data_ptr(), strides["matrix"],
            0 if slopes is None else slopes.data_ptr(),
        )  # fmt: skip

        def arguments(first: int, last: int, worker: int) -> tuple[int, ...]:
            return (first, last, *tables, spare[worker].data_ptr())

        share(self.kernels, entry, groups, arguments)


def _lanes_last(part: Any, lanes: int, sampled: bool) -> Any:
    """(length, chains, f) as (length, f, lanes), missing chains being zero; or (length, f, 1) of the one chain."""
    turned = np.moveaxis(part, 1, 2)
    if sampled:
        return turned
    out = np.zeros((*turned.shape[:2], lanes), dtype=part.dtype)
    out[..., : turned.shape[2]] = turned
    return out
