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

from qdl.engine.program import Pull
from qdl.errors import UnsupportedError
from qdl.grad.task import Task


class Adjoint:
    """Gradients by the block adjoint."""

    def values(self, task: Task, shared: Tensor, sampled: Tensor) -> Tensor:
        """What the task reads, (S, m)."""
        if task.program.tiled and task.idle and not torch._C._are_functorch_transforms_active():
            return _Angles.apply(task, shared, sampled)
        return self.values_from_stacks(task, shared, sampled)

    @staticmethod
    def values_from_stacks(task: Task, shared: Tensor, sampled: Tensor) -> Tensor:
        """The same, with the matrices built by torch."""
        vectors, stacks = task.build(shared, sampled)
        tracked = torch.is_grad_enabled() and any(t.requires_grad for t in (*vectors, *stacks))
        if torch._C._are_functorch_transforms_active():
            return _Transformed.apply(task, len(vectors), *vectors, *stacks)[0]
        if tracked:
            return _Sweep.apply(task, len(vectors), *vectors, *stacks)
        return task.observe(vectors, stacks)[0]


class _Angles(torch.autograd.Function):
    """From angles to values in one step, where the engine can build the matrices itself."""

    @staticmethod
    def forward(ctx: Any, task: Task, shared: Tensor, sampled: Tensor) -> Tensor:
        ran = task.engine.run_from_angles(task.program, task.start([]), shared, sampled)
        ctx.set_materialize_grads(False)
        ctx.task, ctx.built = task, ran is not None
        if ran is None:
            ctx.save_for_backward(shared, sampled)
            return Adjoint.values_from_stacks(task, shared, sampled).clone()
        psi, value, source = ran
        ctx.save_for_backward(shared, sampled, psi, *source.kept)
        value = task.read.value(psi) if value is None else value
        return value.clone() if value._is_view() or value is psi else value  # neither a view nor a saved tensor

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor | None) -> tuple[Tensor | None, ...]:
        shared, sampled, *rest = ctx.saved_tensors
        task, wanted = ctx.task, ctx.needs_input_grad[1:]
        if cotangent is None:
            return None, None, None
        if not ctx.built or torch.is_grad_enabled():
            return None, *_again(task, shared, sampled, cotangent, wanted)
        psi, *kept = rest
        pull = Pull(cotangent, lambda: task.read.pullback(psi, cotangent))
        found = task.engine.sweep_to_angles(task.program, psi, pull, (shared, sampled), tuple(kept), wanted)
        return None, *(g if w else None for g, w in zip(found, wanted, strict=True))

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise UnsupportedError("the adjoint method has no forward mode", do="use grad='autograd'")


def _again(
    task: Task, shared: Tensor, sampled: Tensor, cotangent: Tensor, wanted: tuple[bool, ...]
) -> list[Tensor | None]:
    """Gradients of the angles by torch's own matrices, with a graph if one is asked for."""
    graph = torch.is_grad_enabled()
    with torch.enable_grad():
        angles = [a if graph else a.detach().requires_grad_(w) for a, w in zip((shared, sampled), wanted, strict=True)]
        value = Adjoint.values_from_stacks(task, *angles)
        if not value.requires_grad:  # nothing that is read depends on an angle
            return [torch.zeros_like(a) if w else None for a, w in zip(angles, wanted, strict=True)]
        asked = [a for a, w in zip(angles, wanted, strict=True) if w]
        found = iter(torch.autograd.grad(value, asked, cotangent, create_graph=graph, allow_unused=True))
    return [next(found) if w else None for w in wanted]


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, task: Task, count: int, *tensors: Tensor) -> Tensor:
        value, psi = task.observe(tensors[:count], tensors[count:])
        ctx.task, ctx.count = task, count
        ctx.save_for_backward(*tensors, psi)
        ctx.set_materialize_grads(False)
        return value.clone() if value is psi else value

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor | None) -> tuple[Tensor | None, ...]:
        return _backward(ctx, cotangent)

    jvp = _Angles.jvp


class _Transformed(torch.autograd.Function):
    """The same under torch.func: it wants the context set up apart, and inspects the signature at every call."""

    generate_vmap_rule = True

    @staticmethod
    def forward(task: Task, count: int, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        value, psi = task.observe(tensors[:count], tensors[count:])
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
        return _backward(ctx, cotangent)

    jvp = _Sweep.jvp


def _backward(ctx: Any, cotangent: Tensor | None) -> tuple[Tensor | None, ...]:
    *tensors, psi = ctx.saved_tensors
    vectors, stacks = tensors[: ctx.count], tensors[ctx.count :]
    if cotangent is None:
        return (None,) * (2 + len(tensors))
    if torch.is_grad_enabled():
        psi = ctx.task.evolve(vectors, stacks)
    return (None, None, *sweep(ctx.task, vectors, stacks, psi, cotangent, ctx.needs_input_grad[2:]))


def sweep(
    task: Task, vectors: list[Tensor], stacks: list[Tensor], psi: Tensor, cotangent: Tensor, wanted: tuple[bool, ...]
) -> list[Tensor | None]:
    """The gradients of vectors and matrices, given the final state and the gradient of what is read from it."""
    of_vectors, of_stacks = wanted[: len(vectors)], wanted[len(vectors) :]
    through = any(of_vectors)
    start = task.start(vectors)
    pull = Pull(cotangent, lambda: task.read.pullback(psi, cotangent))
    found, lam = task.engine.sweep(task.program, start, psi, pull, stacks, of_stacks, through)
    started = task.start_gradients(vectors, lam) if lam is not None else [None] * len(vectors)
    return [*started, *found]
