"""Descriptions as trees of tuples and dataclasses: the expressions in them, and what makes two the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from qdl.ir.gates import Gate
from qdl.ir.params import Angle, Expr


class Key:
    """A hashable description whose hash is computed once; models of large devices have thousands of rules."""

    __slots__ = ("_hash", "parts")

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts, self._hash = parts, hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Key) and self._hash == other._hash and self.parts == other.parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return Key, (self.parts,)  # hashes of strings differ from process to process


def expressions(tree: Any) -> Iterator[Expr]:
    """All expressions under tuples, lists, dicts and dataclasses."""
    if isinstance(tree, Expr):
        yield tree
    elif isinstance(tree, (tuple, list)):
        for part in tree:
            yield from expressions(part)
    elif isinstance(tree, dict):
        yield from expressions(list(tree.values()))
    elif is_dataclass(tree) and not isinstance(tree, Gate):
        yield from expressions([getattr(tree, field.name) for field in fields(tree)])


def mapped(tree: Any, function: Callable[[Expr], Angle]) -> Any:
    """The same tree with every expression replaced."""
    if isinstance(tree, Expr):
        return function(tree)
    if isinstance(tree, tuple):
        return tuple(mapped(part, function) for part in tree)
    if isinstance(tree, dict):
        return {name: mapped(part, function) for name, part in tree.items()}
    if is_dataclass(tree) and not isinstance(tree, (Gate, type)):
        return replace(tree, **{f.name: mapped(getattr(tree, f.name), function) for f in fields(tree)})
    return tree
