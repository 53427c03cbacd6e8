"""Which names are taken where: blocks hide the names around them, subroutines see constants only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

_NOTHING = object()
Table = dict[str, Any]


class Scopes:
    """The scopes that are open, outermost first, over tables that hold what each name stands for now.

    Parameters
    ----------
    tables : sequence of dict
        From names to what they stand for; a name is in one of them.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tables
        self._lines: list[dict[tuple[str, str], int]] = [{}]
        self._hidden: list[list[tuple[Table, str, Any]]] = [[]]

    @property
    def depth(self) -> int:
        """How many scopes are inside the outermost one."""
        return len(self._lines) - 1

    def line(self, space: str, name: str) -> int | None:
        """The line on which the innermost scope took the name."""
        return self._lines[-1].get((space, name))

    def take(self, space: str, name: str, line: int) -> None:
        """Take a name; what it stood for outside comes back when the scope is left."""
        self._lines[-1][space, name] = line
        if self.depth and space == "value":
            self._hidden[-1] += [(table, name, table.pop(name, _NOTHING)) for table in self.tables]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """A scope of its own."""
        self._lines.append({})
        self._hidden.append([])
        try:
            yield
        finally:
            self._lines.pop()
            for table, name, value in reversed(self._hidden.pop()):
                table.pop(name, None)
                if value is not _NOTHING:
                    table[name] = value

    @contextmanager
    def apart(self, known: Iterable[tuple[Table, Mapping[str, Any]]]) -> Iterator[None]:
        """A scope that sees nothing of those around it but what is given, table by table."""
        saved = [dict(table) for table in self.tables]
        for table in self.tables:
            table.clear()
        for table, names in known:
            table.update(names)
        try:
            with self.inside():
                yield
        finally:
            for table, before in zip(self.tables, saved, strict=True):
                table.clear()
                table.update(before)
