"""Expressions evaluated on tensors, all of one shape at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from qdl.engine.values import Values
from qdl.ir.params import BINARY, Angle, Template, template

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
            groups.setdefault((t.tree, tuple(param.name for param, _ in t.entries)), []).append(index)
        self.groups = [_Group([templates[i] for i in members]) for members in groups.values()]
        self.computes = any(group.tree[0] != "entry" for group in self.groups)
        order = [i for members in groups.values() for i in members]
        self.order = None if order == sorted(order) else [order.index(i) for i in range(len(order))]

    def __call__(self, values: Values) -> Tensor:
        """The angles at `values`: shape (n,) if all are shared, else (B, n)."""
        if not self.groups:
            return torch.zeros(0, dtype=values.dtype, device=values.device)
        parts = [group(values) for group in self.groups]
        if len({part.dim() for part in parts}) > 1:
            parts = [p if p.dim() == 2 else p.expand(values.samples, -1) for p in parts]
        joined = parts[0] if len(parts) == 1 else torch.cat(parts, -1)
        return joined if self.order is None else joined[..., self.order]


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
