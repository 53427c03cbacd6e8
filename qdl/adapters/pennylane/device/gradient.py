"""Derivatives: a tape's parameters as leaves of torch's graph, which the reverse sweep of qdl's adjoint walks once.

What a forward pass leaves behind is kept until the next one, so that a derivative simulates nothing again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.adapters.pennylane.device.form import form_of
from qdl.adapters.pennylane.device.run import Setup, as_numpy, run
from qdl.adapters.pennylane.device.slots import Slots


@dataclass
class Kept:
    """A tape that was run with a graph.

    Attributes
    ----------
    leaves : list of Tensor
        Its trainable parameters.
    results : list of Tensor
        One for each measurement.
    """

    leaves: list[Tensor]
    results: list[Tensor]

    @property
    def values(self) -> Any:
        """The results as PennyLane expects them."""
        found = tuple(as_numpy(result) for result in self.results)
        return found[0] if len(found) == 1 else found

    def pull(self, cotangents: Any) -> list[Tensor]:
        """The gradient of each leaf, given that of each result; complex ones in PennyLane's convention, sum dy dx.

        With one more dimension in front of each cotangent there are as many products at once.
        """
        given = cotangents if len(self.results) > 1 else (cotangents,)
        weights = [_like(dy, y).conj() for dy, y in zip(given, self.results, strict=True)]
        return _gradients(self.results, self.leaves, weights)

    def jacobian(self) -> list[list[Tensor]]:
        """For each result and leaf the derivative, of the result's shape in front of the leaf's."""
        return [[_jacobian(result, leaf) for leaf in self.leaves] for result in self.results]


def _like(value: Any, result: Tensor) -> Tensor:
    """A cotangent of a result, (*result.shape) or (n, *result.shape)."""
    found = value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
    if found.is_complex() and not result.is_complex():
        found = found.real
    found = found.to(result.device, result.dtype)
    several = found.dim() == result.dim() + 1 and found.shape[1:] == result.shape
    return found if several else found.reshape(result.shape)


def _gradients(results: Sequence[Tensor], leaves: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Tensor]:
    pairs = [(y, w) for y, w in zip(results, weights, strict=True) if y.requires_grad]
    counts = {len(w) for y, w in zip(results, weights, strict=True) if w.dim() > y.dim()}
    front = (counts.pop(),) if counts else ()
    if not pairs:
        return [leaf.new_zeros((*front, *leaf.shape)) for leaf in leaves]
    ys, ws = zip(*pairs, strict=True)
    found = torch.autograd.grad(ys, leaves, ws, retain_graph=True, allow_unused=True, is_grads_batched=bool(front))
    return [x.new_zeros((*front, *x.shape)) if g is None else g for g, x in zip(found, leaves, strict=True)]


def _jacobian(result: Tensor, leaf: Tensor) -> Tensor:
    """(*result.shape, *leaf.shape): a reverse sweep for each real number of the result, all in one batch."""
    if result.is_complex():
        parts = [_jacobian(part, leaf) for part in (result.real, result.imag)]
        return torch.complex(*parts) if not parts[0].is_complex() else parts[0] + 1j * parts[1]
    if not result.requires_grad:
        return result.new_zeros((*result.shape, *leaf.shape))
    rows = torch.eye(result.numel(), dtype=result.dtype, device=result.device).reshape((-1, *result.shape))
    (found,) = (
        torch.autograd.grad(result, leaf, rows, retain_graph=True, allow_unused=True, is_grads_batched=len(rows) > 1)
        if len(rows) > 1
        else torch.autograd.grad(result, leaf, rows[0], retain_graph=True, allow_unused=True)
    )
    if found is None:
        return result.new_zeros((*result.shape, *leaf.shape))
    return found.reshape((*result.shape, *leaf.shape))


def kept(tapes: Sequence[Any], setup: Setup) -> list[Kept]:
    """Tapes run with graphs from their trainable parameters, those of one structure in one batch."""
    bound, leaves = [], []
    for tape in tapes:
        given = tape.get_parameters(trainable_only=False)
        chosen = [_leaf(given[k]) for k in tape.trainable_params]
        leaves.append(chosen)
        bound.append(tape.bind_new_parameters(chosen, tape.trainable_params) if chosen else tape)
    with torch.enable_grad():
        found = run(bound, setup)
    return [Kept(own, results) for own, (_, results) in zip(leaves, found, strict=True)]


def _leaf(value: Any) -> Tensor:
    tensor = value.detach() if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
    if not (tensor.is_floating_point() or tensor.is_complex()):
        tensor = tensor.to(torch.float64)
    return tensor.clone().requires_grad_()


def same(tapes: Sequence[Any]) -> tuple[Any, ...]:
    """What two runs of the same tapes at the same numbers have in common."""
    return tuple(
        (
            form_of(tape.operations, Slots()).key,
            tuple((type(mp), mp.hash) for mp in tape.measurements),
            tuple(np.asarray(_plain(p), dtype=complex).tobytes() for p in tape.get_parameters(trainable_only=False)),
            tuple(tape.trainable_params),
        )
        for tape in tapes
    )


def _plain(value: Any) -> Any:
    value = value.detach().cpu() if isinstance(value, Tensor) else value
    return value.toarray() if hasattr(value, "toarray") else value


Flat = Callable[..., Tensor]


def through_autograd(tapes: Sequence[Any], setup: Setup) -> list[list[Any]]:
    """Tapes with autograd's boxes among their parameters: each one's results, which autograd can differentiate again.

    All boxes go into one primitive, and come out as one vector of real numbers.
    """
    from autograd.tracer import isbox

    boxes: list[Any] = []
    places: list[tuple[list[int], int]] = []
    for tape in tapes:
        given = tape.get_parameters(trainable_only=False)
        chosen = [k for k, value in enumerate(given) if isbox(value)]
        places.append((chosen, len(boxes)))
        boxes += [given[k] for k in chosen]
    shapes: list[list[tuple[torch.Size, bool]]] = []

    def flat(*values: Tensor) -> Tensor:
        bound = [
            tape.bind_new_parameters(list(values[start : start + len(chosen)]), chosen) if chosen else tape
            for tape, (chosen, start) in zip(tapes, places, strict=True)
        ]
        found = [results for _, results in run(bound, setup)]
        shapes[:] = [[(y.shape, y.is_complex()) for y in results] for results in found]
        return torch.cat([_as_reals(y) for results in found for y in results])

    vector = primitive_of(flat)(*boxes)
    start = 0
    out: list[list[Any]] = []
    for row in shapes:
        out.append([])
        for shape, is_complex in row:
            size = shape.numel()
            part = vector[start : start + size].reshape(shape)
            start += size
            if is_complex:
                part = part + 1j * vector[start : start + size].reshape(shape)
                start += size
            out[-1].append(part)
    return out


def _as_reals(result: Tensor) -> Tensor:
    return torch.cat([result.real.flatten(), result.imag.flatten()]) if result.is_complex() else result.flatten()


def primitive_of(function: Flat) -> Callable[..., Any]:
    """A function of torch tensors to one real vector, as a primitive of autograd with derivatives of any order."""
    from autograd.extend import defvjp_argnums, primitive
    from autograd.tracer import isbox

    graph: dict[str, Any] = {}

    @primitive
    def call(*arrays: Any) -> Any:
        leaves = [_leaf(a) for a in arrays]
        with torch.enable_grad():
            graph["leaves"], graph["out"] = leaves, function(*leaves)
        return graph["out"].detach().cpu().numpy()

    def pullback(argnums: Sequence[int], ans: Any, args: Sequence[Any], kwargs: Any) -> Callable[[Any], Any]:
        def vjp(g: Any) -> Any:
            if any(map(isbox, (*args, g))):
                pulled = primitive_of(partial(_pulled, function, tuple(argnums)))(*args, g)
                return _split(pulled, [args[k] for k in argnums])
            leaves = [graph["leaves"][k] for k in argnums]
            found = _gradients([graph["out"]], leaves, [_like(g, graph["out"])])
            return tuple(f.conj().resolve_conj().cpu().numpy() for f in found)

        return vjp

    defvjp_argnums(call, pullback)
    return call


def _pulled(function: Flat, argnums: Sequence[int], *values: Tensor) -> Tensor:
    """The gradients of a function as a function, of its values and of what is pulled back."""
    *given, g = values
    out = function(*given)
    found = torch.autograd.grad(
        out, [given[k] for k in argnums], g.to(out.dtype), create_graph=True, allow_unused=True, materialize_grads=True
    )
    return torch.cat([_as_reals(f.conj()) for f in found])


def _split(vector: Any, like: Sequence[Any]) -> tuple[Any, ...]:
    out, start = [], 0
    for value in like:
        shape, size = np.shape(value), int(np.prod(np.shape(value)))
        part = vector[start : start + size].reshape(shape)
        start += size
        if np.iscomplexobj(getattr(value, "_value", value)):
            part = part + 1j * vector[start : start + size].reshape(shape)
            start += size
        out.append(part)
    return tuple(out)
