"""The block adjoint: exact gradients in one reverse sweep, keeping the final state only.

With psi_k = M_k psi_{k-1} and a real function L of what is read from psi_K, let lam_k be torch's gradient of L with
respect to psi_k. Then

    lam_{k-1} = M_k^+ lam_k,      dL/dM_k = lam_k psi_{k-1}^+,      psi_{k-1} = M_k^+ psi_k,

the last because every block is unitary. So psi and lam go backwards together through the same matrix products, and the
gradient of a block costs one more product, however many angles are inside. The angles get theirs through ordinary
autograd on the small matrices. (The gate-wise form: Jones and Gacon, arXiv:2009.02823 (source).)

A block that turns one shared state into one state per sample sums lam over the samples. When a graph of the backward is
asked for (``create_graph``), the final state is computed anew from the inputs, so that second derivatives see how it
depends on them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.grad.task import Task


class Adjoint:
    """Gradients by the block adjoint."""

    def values(self, task: Task, shared: Tensor, sampled: Tensor) -> Tensor:
        """What the task reads, (S, m)."""
        vectors, blocks = task.build(shared, sampled)
        tracked = torch.is_grad_enabled() and any(t.requires_grad for t in (*vectors, *blocks))
        if not tracked and not torch._C._are_functorch_transforms_active():
            return task.read.value(task.evolve(vectors, blocks))
        return _Sweep.apply(task, len(vectors), *vectors, *blocks)[0]


class _Sweep(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(task: Task, count: int, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        psi = task.evolve(tensors[:count], tensors[count:])
        value = task.read.value(psi)
        return (value.clone() if value is psi else value), psi

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        task, count, *tensors = inputs
        ctx.task, ctx.count = task, count
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(*tensors, output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor | None, _: Any) -> tuple[Tensor | None, ...]:
        *tensors, psi = ctx.saved_tensors
        vectors, varying = tensors[: ctx.count], tensors[ctx.count :]
        if cotangent is None:
            return (None,) * (2 + len(tensors))
        if torch.is_grad_enabled():
            psi = ctx.task.evolve(vectors, varying)
        wanted = ctx.needs_input_grad[2:]
        lam = ctx.task.read.pullback(psi, cotangent)
        found = sweep(ctx.task, vectors, varying, psi, lam, wanted)
        return (None, None, *found)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise UnsupportedError("the adjoint method has no forward mode", do="use grad='autograd'")


def sweep(
    task: Task, vectors: list[Tensor], varying: list[Tensor], psi: Tensor, lam: Tensor, wanted: tuple[bool, ...]
) -> list[Tensor | None]:
    """The gradients of vectors and varying matrices, given the final state and the gradient with respect to it."""
    blocks, matrices, engine = task.part.blocks, task.matrices(varying), task.engine
    from_vectors = any(wanted[: len(vectors)])
    slots = {k: len(vectors) + i for k, i in task.slots.items()}
    gradients: list[Tensor | None] = [None] * len(wanted)
    needed = [k for k, slot in slots.items() if wanted[slot]]
    last = 0 if from_vectors else min(needed, default=len(blocks))
    for k in range(len(blocks) - 1, last - 1, -1):
        block, matrix = blocks[k], matrices[k]
        spreads = task.spreads == k  # one shared state became one per sample here; any sample leads back to it
        if k == 0:
            psi = engine.init(task.part, vectors)
        elif spreads:
            psi = engine.undo(psi[:1], block, matrix[:1], task.wires)
        else:
            psi = engine.undo(psi, block, matrix, task.wires)
        if k in slots and wanted[slots[k]]:
            gradients[slots[k]] = engine.cross(lam, psi, block, task.wires)
        if k > last or from_vectors:
            lam = engine.undo(lam, block, matrix, task.wires)
            lam = lam.sum(0, keepdim=True) if spreads else lam
    if from_vectors:
        gradients[: len(vectors)] = engine.init_gradients(task.part, vectors, lam)
    return gradients
