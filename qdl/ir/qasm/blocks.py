"""The statements of a program with the blocks around them: neighbours share what they depend on."""

from __future__ import annotations

from collections.abc import Iterable

from qdl.ir.bits import Condition
from qdl.ir.qasm.conditions import condition_text, levels
from qdl.ir.qasm.names import BitNames


class Blocks:
    """Collects lines, opening and closing ``if (...) { ... }`` as their conditions ask.

    A block's condition is decided before the block: whoever measures one of its bits inside ends it.
    """

    def __init__(self, bits: BitNames) -> None:
        self.bits = bits
        self.lines: list[str] = []
        self._open: list[Condition] = []
        self._second: list[bool] = []  # whether an open block is already the other branch of one before
        self._lasting = 0  # how many of the open blocks may go on

    def add(self, lines: Iterable[str], asked: Condition | None, bit: str | None = None) -> None:
        """Add statements under a condition; `bit` is what they measure into."""
        wanted = [] if asked is None else levels(asked, self.bits)
        shared = 0
        for old, new in zip(self._open[: self._lasting], wanted, strict=False):
            if old != new:
                break
            shared += 1
        turns = self._turns(shared, wanted)
        self._close(shared + turns)
        if turns:
            self._open[shared], self._second[shared] = wanted[shared], True
            self.lines.append(f"{'  ' * shared}}} else {{")
        for level in wanted[len(self._open) :]:
            self.lines.append(f"{'  ' * len(self._open)}if ({condition_text(level, self.bits)}) {{")
            self._open.append(level)
            self._second.append(False)
        self.lines += [f"{'  ' * len(self._open)}{line}" for line in lines]
        self._lasting = next((place for place, level in enumerate(self._open) if bit in level.bits), len(self._open))

    def done(self) -> list[str]:
        """All lines, all blocks closed."""
        self._close(0)
        return self.lines

    def _turns(self, depth: int, wanted: list[Condition]) -> bool:
        """Whether what is wanted is the other branch of the open block at that depth."""
        if depth >= min(self._lasting, len(wanted)) or self._second[depth]:
            return False
        return wanted[depth] == self._open[depth].otherwise()

    def _close(self, count: int) -> None:
        """Leave the outermost blocks open."""
        while len(self._open) > count:
            self._open.pop()
            self._second.pop()
            self.lines.append(f"{'  ' * len(self._open)}}}")
