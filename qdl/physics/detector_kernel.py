"""The fast twin of the detector's closed form: a few matrix products per patch instead of a product per pixel.

The factors of PHYSICS.md A3a are taken in pairs. Two elements have nine joint configurations c: each is empty, holds a
positive or holds a negative quantum, with probabilities 1 - |x|, (|x| + x)/2 and (|x| - x)/2 of which one
vanishes. With U_jc the probability of configuration c of pair j and A_jc its angle (the offset b joins pair 0)::

    E sin(W + b) = Im prod_j L_j,     L_j = sum_c U_jc e^{i A_jc}

so that all L_j are one batched matrix product, and the product over j is a tree of pairwise products. Backwards, with
the cotangent s and h_j = s prod_{k != j} L_k, found by going down the same tree without a division (a factor may be
exactly zero)::

    dU_jc = Im(sum_o h_j e^{i A_jc})         dA_jc = Re(e^{i A_jc} sum_n U_jc h_j)

Columns are worked through in chunks that stay in the cache; backward computes the tree again instead of keeping it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from qdl.physics.detector_reference import detector_sine_reference

# One tree level's complex numbers per chunk: what fits a core's cache, or what keeps a GPU busy.
_CHUNK = {"cpu": 1 << 17}
_CHUNK_ELSEWHERE = 1 << 24


class Sine(Function):
    """E sin(W + b) for x (G, K, N), phase (G, O, K) and offset (G, O): (G, O, N)."""

    @staticmethod
    def forward(x: Tensor, phase: Tensor, offset: Tensor) -> Tensor:
        elements = _even(x.transpose(0, 1), 0)
        table = _interleave(*_cos_sin(_angles(phase, offset)))
        out = x.new_empty(phase.shape[:2] + x.shape[2:])
        for part in _chunks(elements, phase):
            joint = _joint(_single(elements[..., part]))
            out[..., part] = _tree(_leaves(joint, table))[-1][0].imag.mT
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
        elements = _even(x.transpose(0, 1), 0)
        cos, sin = _cos_sin(_angles(phase, offset))
        table, turned = _interleave(cos, sin), _interleave(sin, cos)
        grad_x = torch.zeros_like(elements)
        moments = torch.zeros_like(table)
        for part in _chunks(elements, phase):
            piece = elements[..., part]
            single = _single(piece)
            joint = _joint(single)
            levels = _tree(_leaves(joint, table))
            seed = cotangent[..., part].mT
            others = torch.view_as_real(_descend(levels, torch.complex(seed, torch.zeros_like(seed))[None])).flatten(-2)
            if want_angles:
                moments += _configurations_first(joint) @ others
            if want_x:
                grad_joint = (turned @ others.mT).unflatten(2, (3, 3)).permute(0, 2, 3, 1, 4)
                grad_x[..., part] = _to_elements(piece, single, grad_joint)
        grad_angles = moments[..., 0::2] * cos - moments[..., 1::2] * sin
        grad_phase, grad_offset = _to_phase(grad_angles, phase.shape[2])
        return grad_x[: x.shape[1]].transpose(0, 1), grad_phase, grad_offset

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


def _even(tensor: Tensor, dim: int) -> Tensor:
    """Pads an odd number of elements by an empty one, whose factor is exactly 1."""
    if tensor.shape[dim] % 2 == 0:
        return tensor
    return torch.cat((tensor, torch.zeros_like(tensor.narrow(dim, 0, 1))), dim)


def _chunks(elements: Tensor, phase: Tensor) -> Iterator[slice]:
    size, groups, columns = elements.shape
    budget = _CHUNK.get(elements.device.type, _CHUNK_ELSEWHERE)
    step = max(64, budget // (size // 2 * groups * phase.shape[1]))
    return (slice(start, start + step) for start in range(0, columns, step))


def _signs(like: Tensor) -> Tensor:
    """Quanta carried by each of the nine configurations: (9, 2)."""
    quanta = torch.tensor([0, 1, -1], dtype=like.dtype, device=like.device)
    return torch.cartesian_prod(quanta, quanta)


def _angles(phase: Tensor, offset: Tensor) -> Tensor:
    """(G, O, K), (G, O) -> angles of the configurations (J, G, 9, O)."""
    pairs = _even(phase, 2).unflatten(2, (-1, 2)).permute(2, 0, 3, 1)
    angles = _signs(phase) @ pairs
    angles[0] += offset[:, None, :]
    return angles


def _to_phase(grad_angles: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The transpose of `_angles`."""
    pairs = _signs(grad_angles).mT @ grad_angles
    return pairs.permute(1, 3, 0, 2).flatten(2)[..., :size], grad_angles[0].sum(-2)


def _cos_sin(angles: Tensor) -> tuple[Tensor, Tensor]:
    return angles.cos(), angles.sin()


def _interleave(real: Tensor, imag: Tensor) -> Tensor:
    return torch.stack((real, imag), -1).flatten(-2)


def _single(x: Tensor) -> Tensor:
    """(2J, G, N) -> probabilities of empty, positive, negative (J, 2, 3, G, N)."""
    a = x.abs()
    return torch.stack((1 - a, (a + x) / 2, (a - x) / 2), 1).unflatten(0, (-1, 2))


def _joint(single: Tensor) -> Tensor:
    """(J, 2, 3, G, N) -> probabilities of both elements (J, 3, 3, G, N)."""
    return single[:, 0, :, None] * single[:, 1, None, :]


def _configurations_first(joint: Tensor) -> Tensor:
    return joint.flatten(1, 2).transpose(1, 2)


def _leaves(joint: Tensor, table: Tensor) -> Tensor:
    """All L_j: (J, G, N, O), complex."""
    return torch.view_as_complex((_configurations_first(joint).mT @ table).unflatten(-1, (-1, 2)))


def _tree(leaves: Tensor) -> list[Tensor]:
    """Every level of the pairwise product over the first axis, the leaves first; an odd one out moves up unchanged."""
    levels = [leaves]
    while (size := len(levels[-1])) > 1:
        level, half = levels[-1], size // 2
        product = level[:half] * level[half : 2 * half]
        levels.append(torch.cat((product, level[2 * half :])) if size % 2 else product)
    return levels


def _descend(levels: list[Tensor], cotangent: Tensor) -> Tensor:
    """h_j: the cotangent times the product of all other leaves, each node handing its own to its children."""
    for level in reversed(levels[:-1]):
        half = len(level) // 2
        handed = torch.empty_like(level)
        torch.mul(cotangent[:half], level[half : 2 * half], out=handed[:half])
        torch.mul(cotangent[:half], level[:half], out=handed[half : 2 * half])
        handed[2 * half :] = cotangent[half:]
        cotangent = handed
    return cotangent


def _to_elements(x: Tensor, single: Tensor, grad_joint: Tensor) -> Tensor:
    """The transpose of `_joint` and `_single`, with the mean of both sides where x = 0."""
    first = (grad_joint * single[:, 1, None]).sum(2)
    second = (grad_joint * single[:, 0, :, None]).sum(1)
    empty, positive, negative = torch.stack((first, second), 1).flatten(0, 1).unbind(1)
    return (positive - negative) / 2 + x.sign() * ((positive + negative) / 2 - empty)
