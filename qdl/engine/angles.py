"""Expressions evaluated on tensors, all of one shape at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from qdl.engine.values import Values
from qdl.ir.params import BINARY, Angle, Template, template


def _root(x: Tensor) -> Tensor:
    """The square root; its derivative at zero, which is infinite, counts as zero."""
    inside = x > 0
    return torch.where(inside, torch.where(inside, x, 1).sqrt(), 0)


TORCH: dict[str, Callable[[Tensor], Tensor]] = {
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "arcsin": torch.asin,
    "arccos": torch.acos,
    "arctan": torch.atan,
    "root": _root,
}


class Evaluator:
    """Evaluates a list of angles; those that differ only in entries and constants run as one vectorised expression.

    Parameters
    ----------
    angles : sequence of Angle
    """

    def __init__(self, angles: Sequence[Angle]) -> None:
        groups: dict[Any, list[int]] = {}
        templates: list[Template] = [template(angle) for angle in angles]
        for index, t in enumerate(templates):
            plain = t.tree[0] == "entry"
            key = None if plain else (t.tree, tuple(param.name for param, _ in t.entries))
            groups.setdefault(key, []).append(index)
        self.groups: list[_Entries | _Group] = [
            _Entries([templates[i] for i in members]) if key is None else _Group([templates[i] for i in members])
            for key, members in groups.items()
        ]
        self.computes = any(isinstance(group, _Group) for group in self.groups)
        order = [i for members in groups.values() for i in members]
        self.order = None if order == sorted(order) else [order.index(i) for i in range(len(order))]

    def __call__(self, values: Values) -> Tensor:
        """The angles at `values`: shape (n,) if all are shared, else (B, n)."""
        if not self.groups:
            return torch.zeros(0, dtype=values.dtype, device=values.device)
        joined = _side_by_side([group(values) for group in self.groups], values.samples)
        return joined if self.order is None else joined[..., self.order]


def _side_by_side(parts: list[Tensor], samples: int) -> Tensor:
    if len(parts) == 1:
        return parts[0]
    if len({part.dim() for part in parts}) > 1:
        parts = [p if p.dim() == 2 else p.expand(samples, -1) for p in parts]
    return torch.cat(parts, -1)


class _Entries:
    """Angles that are entries of Params: the Params side by side, and a column of indices if they are not all."""

    def __init__(self, members: Sequence[Template]) -> None:
        params = {param.name: param for member in members for param, _ in member.entries}
        self.names, starts, size = list(params), {}, 0
        for name, param in params.items():
            starts[name], size = size, size + param.size
        column = [starts[param.name] + place for member in members for param, place in member.entries]
        self.column = None if column == list(range(size)) else column
        self._on: dict[torch.device, Tensor] = {}

    def __call__(self, values: Values) -> Tensor:
        joined = _side_by_side([values.tensors[name] for name in self.names], values.samples)
        if self.column is None:
            return joined
        device = joined.device
        if device not in self._on:
            # Made inside vmap, grad or inference mode it would belong to it, and outlive it here.
            with torch.inference_mode(False), torch._C._DisableFuncTorch():
                self._on[device] = torch.tensor(self.column, dtype=torch.long, device=device)
        return joined.index_select(-1, self._on[device])


class _Group:
    """Angles of one template over the same Params: a column of indices for each slot."""

    def __init__(self, members: Sequence[Template]) -> None:
        self.tree = members[0].tree
        self.names = [param.name for param, _ in members[0].entries]
        self.columns = [[m.entries[k][1] for m in members] for k in range(len(self.names))]
        self.whole = [column == list(range(members[0].entries[k][0].size)) for k, column in enumerate(self.columns)]
        self.constants = [[m.constants[k] for m in members] for k in range(len(members[0].constants))]

    def __call__(self, values: Values) -> Tensor:
        def walk(node: Any) -> Tensor:
            op, *args = node
            if op == "entry":
                tensor = values.tensors[self.names[args[0]]]
                return tensor if self.whole[args[0]] else tensor[..., self.columns[args[0]]]
            if op == "constant":
                return torch.tensor(self.constants[args[0]], dtype=values.dtype, device=values.device)
            if op in TORCH:
                return TORCH[op](walk(args[0]))
            return BINARY[op](walk(args[0]), walk(args[1]))

        return walk(self.tree)
