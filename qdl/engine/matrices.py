"""From angles to block matrices: features, times constants, then a tree of batched products.

Everything here is ordinary differentiable torch on small tensors; no Python loop runs over gates.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine.stacks import Stack, make_stacks
from qdl.plan.fuse import Block


class Builder:
    """Builds the matrices of a list of blocks, or the first columns of those that stand for factors of a product state.

    Parameters
    ----------
    blocks : sequence of Block
    dtype : torch.dtype
        The complex precision.
    device : torch.device
    columns : bool
    """

    def __init__(
        self, blocks: Sequence[Block], dtype: torch.dtype, device: torch.device, columns: bool = False
    ) -> None:
        self.places, stacks = make_stacks(blocks, columns)
        self.tables = [StackTables(stack, dtype, device) for stack in stacks]
        self.constants = {
            k: torch.as_tensor(place.constant, dtype=dtype, device=device)
            for k, place in enumerate(self.places)
            if place.constant is not None
        }

    def __call__(self, shared: Tensor, both: Tensor) -> list[Tensor]:
        """The stacks that `places` points to: (n, D, D) or (B, n, D, D), of first columns (n, D) or (B, n, D).

        Parameters
        ----------
        shared : (n_shared,) real
        both : (B, n_angles) real
            The shared angles repeated for each sample, and those per sample; read only where something is per sample.
        """
        return [table(both if table.stack.sampled else shared) for table in self.tables]


class StackTables:
    """The constants of a stack as tensors of one precision on one device."""

    def __init__(self, stack: Stack, dtype: torch.dtype, device: torch.device) -> None:
        real = torch.empty(0, dtype=dtype).real.dtype
        self.stack = stack
        self.angles = torch.as_tensor(stack.angles, device=device)
        self.rates = torch.as_tensor(stack.rates, dtype=real, device=device)
        self.rotors = torch.as_tensor(stack.rotors, device=device)
        self.chains = torch.as_tensor(stack.chains, device=device)
        constants = torch.as_tensor(stack.constants, dtype=dtype, device=device)
        self.identity = constants[-1, 0]
        self.features = constants.shape[1]
        self.padded = bool((stack.chains == len(stack.constants) - 1).any())
        # As (rows, F, D*D): features (rows, 1, F) times this is one batched product.
        self.constants = constants[:-1].flatten(2)

    def gates(self, angles: Tensor) -> Tensor:
        """Every gate's matrix, (*batch, rows, D, D), from the angle vector (*batch, n_angles)."""
        phases = angles[..., self.angles, None] * self.rates
        features = torch.polar(torch.ones_like(phases), -phases) if phases.numel() else phases.to(self.constants.dtype)
        if len(self.rotors):
            turned = _rotor_features(angles[..., self.rotors]).to(features.dtype)
            missing = self.features - turned.shape[-1]
            turned = torch.nn.functional.pad(turned, (0, missing))
            features = torch.cat([features, turned], -2)
        return _weigh(features, self.constants).unflatten(-1, (self.stack.size, self.stack.size))

    def __call__(self, angles: Tensor) -> Tensor:
        """The blocks' matrices (*batch, n_blocks, D, D), or their first columns (*batch, n_blocks, D)."""
        gates = self.gates(angles)
        if self.padded:
            gates = torch.cat([gates, self.identity.expand(*gates.shape[:-3], 1, *self.identity.shape)], -3)
        chained = gates.index_select(-3, self.chains.flatten()).unflatten(-3, tuple(self.chains.shape))
        product = _chain_product(chained)
        return product[..., 0] if self.stack.columns else product


def _weigh(features: Tensor, constants: Tensor) -> Tensor:
    """sum_f features[..., r, f] constants[r, f, :], as one batched product over rows."""
    if features.dim() == 2:
        return torch.bmm(features[:, None], constants)[:, 0]
    rows = features.movedim(-2, 0)
    return torch.bmm(rows.flatten(1, -2), constants).unflatten(1, rows.shape[1:-1]).movedim(0, -2)


def _rotor_features(v: Tensor) -> Tensor:
    """(cos(|v|/2), -i v sin(|v|/2)/|v|, 1), smooth at v = 0 through a series below |v|^2 = 1e-3.

    With s = |v|^2: cos(sqrt(s)/2) = 1 - s/8 + s^2/384 - ..., sin(sqrt(s)/2)/sqrt(s) = 1/2 - s/48 + s^2/3840 - ...
    """
    square = (v * v).sum(-1, keepdim=True)
    small = square < 1e-3
    length = torch.where(small, torch.ones_like(square), square).sqrt()
    series_cos = 1 - square / 8 + square**2 / 384 - square**3 / 46080 + square**4 / 10321920
    series_slope = 0.5 - square / 48 + square**2 / 3840 - square**3 / 645120 + square**4 / 185794560
    cosine = torch.where(small, series_cos, (length / 2).cos())
    slope = torch.where(small, series_slope, (length / 2).sin() / length)
    imaginary = -slope * v
    zero = torch.zeros_like(cosine)
    return torch.complex(
        torch.cat([cosine, torch.zeros_like(v), torch.ones_like(cosine)], -1), torch.cat([zero, imaginary, zero], -1)
    )


def _chain_product(chained: Tensor) -> Tensor:
    """The product of (*batch, blocks, length, D, D) along `length`, the first being applied first, as a binary tree."""
    length = chained.shape[-3]
    while length > 1:
        odd = chained[..., length - 1 :, :, :] if length % 2 else None
        pairs = chained[..., 1 : length - length % 2 : 2, :, :] @ chained[..., 0 : length - length % 2 : 2, :, :]
        chained = pairs if odd is None else torch.cat([pairs, odd], -3)
        length = chained.shape[-3]
    return chained[..., 0, :, :]
