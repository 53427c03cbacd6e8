"""The fast twin of the detector's closed form: a few matrix products per patch instead of a product per pixel.

A factor of PHYSICS.md A3a is linear in (1, |x|, x), with coefficients (1, cos phi - 1, i sin phi). The product of two
factors is therefore linear in the nine products of such a triple with its neighbour's. With U_jc the nine features of
pair j and T_jc their coefficients (e^{ib} joins those of pair 0)::

    E sin(W + b) = Im prod_j L_j,     L_j = sum_c U_jc T_jc

so that all L_j are one batched matrix product, and the product over j is a tree of pairwise products. Backwards, with
the cotangent s and h_j = s prod_{k != j} L_k, found by going down the same tree without a division (a factor may be
exactly zero), and because the product is holomorphic in every L_j::

    dU_jc = Im sum_o h_j T_jc        dT: d(phi) = Im sum_c M_jc dT_jc/dphi,   M_jc = sum_n U_jc h_j

Columns are worked through in chunks that stay in the cache; backward computes the tree again instead of keeping it.
Axes: J pairs, G groups, K elements, O outputs, N columns, 3 x 3 features.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from qdl.physics.interactions.detector.reference import detector_sine_reference

# Complex numbers on the widest level of a chunk's tree: few enough to stay near the core and many enough that threads
# meet rarely; or what keeps a GPU busy.
_CHUNK = {"cpu": 1 << 19}
_CHUNK_ELSEWHERE = 1 << 24


class Sine(Function):
    """E sin(W + b) for x (G, K, N), phase (G, O, K) and offset (G, O): (G, O, N)."""

    @staticmethod
    def forward(x: Tensor, phase: Tensor, offset: Tensor) -> Tensor:
        pairs = _pairs(x)
        columns = _real_columns(_table(_coefficients(phase), offset))
        out = x.new_empty(phase.shape[:2] + x.shape[2:])
        for part, tree in _chunks(pairs, phase):
            out[..., part] = tree.grow(pairs[..., part], columns).imag.mT
        return out

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        x, *angles = ctx.needs_input_grad
        grads = SineGradient.apply(*ctx.saved_tensors, cotangent, x, any(angles))
        return tuple(grad if wanted else None for grad, wanted in zip(grads, ctx.needs_input_grad, strict=True))

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Tensor) -> tuple[Tensor, int]:
        return Sine.apply(*_fold(info.batch_size, in_dims, inputs)).unflatten(0, (info.batch_size, -1)), 0


class SineGradient(Function):
    """The vector-Jacobian product of `Sine`; its own derivative is that of the readable twin."""

    @staticmethod
    def forward(
        x: Tensor, phase: Tensor, offset: Tensor, cotangent: Tensor, want_x: bool, want_angles: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        pairs, coefficients = _pairs(x), _coefficients(phase)
        table = _table(coefficients, offset)
        columns, turned = _real_columns(table), _real_columns(torch.complex(table.imag, table.real))
        grad_pairs = torch.empty_like(pairs) if want_x else pairs.new_zeros(()).expand_as(pairs)
        moments = torch.zeros_like(columns)
        for part, tree in _chunks(pairs, phase):
            tree.grow(pairs[..., part], columns)
            others = _real_columns(tree.descend(cotangent[..., part].mT))
            if want_angles:
                moments += tree.features @ others
            if want_x:
                grad_pairs[..., part] = _to_pairs(tree.triples, turned @ others.mT)
        grad_phase, grad_offset = _to_angles(_complex_columns(moments), coefficients, table)
        elements = slice(0, x.shape[1])
        return _to_elements(grad_pairs)[:, elements], _to_elements(grad_phase)[:, elements].mT, grad_offset

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.save_for_backward(*inputs[:4])

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
        def gradient(x: Tensor, phase: Tensor, offset: Tensor, cotangent: Tensor) -> tuple[Tensor, ...]:
            return torch.func.vjp(detector_sine_reference, x, phase, offset)[1](cotangent)

        return *torch.func.vjp(gradient, *ctx.saved_tensors)[1](cotangents), None, None

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        grads = SineGradient.apply(*_fold(info.batch_size, in_dims[:4], inputs[:4]), *inputs[4:])
        return tuple(grad.unflatten(0, (info.batch_size, -1)) for grad in grads), (0, 0, 0)


def _fold(size: int, dims: tuple[int | None, ...], tensors: tuple[Tensor, ...]) -> list[Tensor]:
    """A vmapped axis becomes part of the groups, which lead in every argument."""
    return [
        (tensor.expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)).flatten(0, 1)
        for dim, tensor in zip(dims, tensors, strict=True)
    ]


def _pairs(tensor: Tensor) -> Tensor:
    """(G, K, N) -> (J, G, 2, N), an odd number of elements padded by an empty one, whose factor is exactly 1."""
    if tensor.shape[1] % 2:
        tensor = torch.cat((tensor, torch.zeros_like(tensor[:, :1])), 1)
    return tensor.unflatten(1, (-1, 2)).transpose(0, 1)


def _to_elements(pairs: Tensor) -> Tensor:
    """The inverse of `_pairs`, the padding included."""
    return pairs.transpose(0, 1).flatten(1, 2)


def _features(triples: Tensor) -> Tensor:
    """(J, G, 2, 3, N) -> (J, G, 9, N)."""
    return (triples[:, :, 0, :, None] * triples[:, :, 1, None, :]).flatten(2, 3)


def _to_pairs(triples: Tensor, grad_features: Tensor) -> Tensor:
    """From the gradient by the features (J, G, 9, N) to that by x (J, G, 2, N); sign(0) = 0 takes the mean of sides."""
    grad = grad_features.unflatten(2, (3, 3))
    _, a, x = triples[:, :, :, None].unbind(4)
    first = torch.addcmul(
        torch.addcmul(grad[:, :, 1:, 0], grad[:, :, 1:, 1], a[:, :, 1]), grad[:, :, 1:, 2], x[:, :, 1]
    )
    second = torch.addcmul(
        torch.addcmul(grad[:, :, 0, 1:], grad[:, :, 1, 1:], a[:, :, 0]), grad[:, :, 2, 1:], x[:, :, 0]
    )
    by_a, by_x = torch.stack((first, second), 2).unbind(3)
    return torch.addcmul(by_x, by_a, triples[:, :, :, 2].sign())


def _coefficients(phase: Tensor) -> tuple[Tensor, Tensor]:
    """(G, O, K) -> coefficients of 1, |x|, x and their derivatives by phase: both (J, G, 2, 3, O), complex."""
    pairs = _pairs(phase.mT)
    cos, sin, zero = pairs.cos(), pairs.sin(), torch.zeros_like(pairs)
    value = torch.complex(torch.stack((zero + 1, cos - 1, zero), 3), torch.stack((zero, zero, sin), 3))
    slope = torch.complex(torch.stack((zero, -sin, zero), 3), torch.stack((zero, zero, cos), 3))
    return value, slope


def _table(coefficients: tuple[Tensor, Tensor], offset: Tensor) -> Tensor:
    """T: (J, G, 9, O), complex."""
    table = _features(coefficients[0])
    table[0] *= torch.complex(offset.cos(), offset.sin())[:, None, :]
    return table


def _to_angles(moments: Tensor, coefficients: tuple[Tensor, Tensor], table: Tensor) -> tuple[Tensor, Tensor]:
    """From M (J, G, 9, O) to the gradients by phase (J, G, 2, O) and offset (G, O)."""
    value, slope = coefficients
    moments_of_pair = moments.unflatten(2, (3, 3))
    # Pair 0's coefficients carry e^{ib}: its derivative by b is the table itself times i.
    grad_offset = (moments[0] * table[0]).sum(-2).real
    turn = torch.ones_like(table[:, :, :1])
    turn[0] = table[0, :, :1]
    first = (moments_of_pair * slope[:, :, 0, :, None] * value[:, :, 1, None, :]).sum((2, 3))
    second = (moments_of_pair * value[:, :, 0, :, None] * slope[:, :, 1, None, :]).sum((2, 3))
    return (torch.stack((first, second), 2) * turn).imag, grad_offset


def _chunks(pairs: Tensor, phase: Tensor) -> Iterator[tuple[slice, _Tree]]:
    """Slices of the columns, each with a tree of its width; trees are used again, since fresh memory costs time."""
    size, groups, _, columns = pairs.shape
    budget = _CHUNK.get(pairs.device.type, _CHUNK_ELSEWHERE)
    step = max(64, budget // (size * groups * phase.shape[1]))
    tree = None
    for start in range(0, columns, step):
        width = min(step, columns - start)
        if tree is None or tree.width != width:
            tree = _Tree(size, groups, width, phase)
        yield slice(start, start + width), tree


def _real_columns(tensor: Tensor) -> Tensor:
    """(..., O), complex -> (..., 2 O), real and imaginary parts interleaved."""
    return torch.view_as_real(tensor).flatten(-2)


def _complex_columns(tensor: Tensor) -> Tensor:
    return torch.view_as_complex(tensor.unflatten(-1, (-1, 2)))


class _Tree:
    """The product over pairs for one chunk of columns, its levels kept for the way down.

    A level of size 2h or 2h + 1 holds h products on the level above it, and then its odd one out, unchanged.
    """

    def __init__(self, pairs: int, groups: int, width: int, phase: Tensor) -> None:
        self.width = width
        self.triples = phase.new_ones(pairs, groups, 2, 3, width)
        self.features = phase.new_empty(pairs, groups, 9, width)
        self._levels = [_level(pairs, groups, width, phase)]
        while (size := len(self._levels[-1])) > 1:
            self._levels.append(_level(size - size // 2, groups, width, phase))
        self._cotangents: list[Tensor] = []

    def grow(self, x: Tensor, columns: Tensor) -> Tensor:
        """From pairs of x (J, G, 2, N) and T (J, G, 9, 2 O) to the product of all L_j: (G, N, O), complex."""
        torch.abs(x, out=self.triples[:, :, :, 1])
        self.triples[:, :, :, 2] = x
        first, second = self.triples[:, :, 0, :, None], self.triples[:, :, 1, None, :]
        torch.mul(first, second, out=self.features.unflatten(2, (3, 3)))
        leaves = torch.view_as_real(self._levels[0]).flatten(-2).flatten(0, 1)
        torch.bmm(self.features.flatten(0, 1).mT, columns.flatten(0, 1), out=leaves)
        for level, above in pairwise(self._levels):
            half = len(level) // 2
            torch.mul(level[:half], level[half : 2 * half], out=above[:half])
            above[half:] = level[2 * half :]
        return self._levels[-1][0]

    def descend(self, cotangent: Tensor) -> Tensor:
        """h_j: the cotangent (G, N, O) times the product of all other leaves, each node serving its two children."""
        if not self._cotangents:
            self._cotangents = [torch.empty_like(level) for level in self._levels]
        self._cotangents[-1][0] = cotangent
        for level, handed, above in zip(
            self._levels[-2::-1], self._cotangents[-2::-1], self._cotangents[:0:-1], strict=True
        ):
            half = len(level) // 2
            torch.mul(above[:half], level[half : 2 * half], out=handed[:half])
            torch.mul(above[:half], level[:half], out=handed[half : 2 * half])
            handed[2 * half :] = above[half:]
        return self._cotangents[0]


def _level(size: int, groups: int, width: int, phase: Tensor) -> Tensor:
    return phase.new_empty(size, groups, width, phase.shape[1], dtype=phase.dtype.to_complex())
