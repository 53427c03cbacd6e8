"""A drawing in box characters: one row per wire, one between two wires for what joins them."""

from __future__ import annotations

from qdl.ir.draw.layout import Layout, Symbol

_MARKS = {"not": "⊕", "swap": "×", "dot": "●"}


def text(layout: Layout, width: float) -> str:
    """The drawing, folded to `width` characters."""
    heads = [f"{wire}: " for wire in range(layout.wires)]
    room = max(map(len, heads))
    heads = [head.rjust(room) for head in heads]
    blocks: list[list[list[str]]] = [[]]
    used = room
    for column in layout.columns:
        rows = _column(column, layout.wires)
        if blocks[-1] and used + len(rows[0]) + 1 > width - 1:
            blocks.append([])
            used = room
        blocks[-1].append(rows)
        used += len(rows[0]) + 1
    drawn = [_block(heads, block, last=index == len(blocks) - 1) for index, block in enumerate(blocks)]
    phases = [f"global phase: {' + '.join(layout.phases)}"] if layout.phases else []
    return "\n\n".join([*phases, *drawn])


def _block(heads: list[str], columns: list[list[str]], last: bool) -> str:
    lines = []
    for row in range(2 * len(heads) - 1):
        on_wire = row % 2 == 0
        start, fill = (heads[row // 2], "─") if on_wire else (" " * len(heads[0]), " ")
        end = ("" if last else "»") if on_wire else ""
        body = fill.join(column[row] for column in columns) or fill
        lines.append((start + body + end).rstrip())
    return "\n".join(lines)


def _column(symbols: list[Symbol], wires: int) -> list[str]:
    """The rows of one column, all of the same length: wires on even rows, joints on odd ones."""
    cells: dict[int, str] = {}
    for symbol in symbols:
        for row in range(2 * symbol.wires[0], 2 * symbol.wires[-1] + 1):
            cells[row] = "│" if row % 2 else "┼"
        for wire, value in symbol.controls:
            cells[2 * wire] = "●" if value else "○"
        cells.update(_targets(symbol))
    longest = max(map(len, cells.values()))
    return [_centred(cells.get(row, ""), longest, " " if row % 2 else "─") for row in range(2 * wires - 1)]


def _targets(symbol: Symbol) -> dict[int, str]:
    if symbol.kind != "box" and not symbol.condition:
        return {2 * wire: _MARKS[symbol.kind] for wire in symbol.targets}
    label = f"{symbol.name}({symbol.angles})" if symbol.angles else symbol.name
    label += f" {symbol.condition}" if symbol.condition else ""
    if len(symbol.targets) == 1:
        return {2 * symbol.targets[0]: f"┤{label}├"}
    # The numbers are the gate's own order of its wires; its name stands on the uppermost of them.
    digits = len(str(len(symbol.targets) - 1))
    top = min(symbol.targets)
    return {
        2 * wire: f"┤{place:>{digits}} {(label if wire == top else '').ljust(len(label))}├"
        for place, wire in enumerate(symbol.targets)
    }


def _centred(cell: str, width: int, fill: str) -> str:
    left = (width - len(cell)) // 2
    return fill * left + cell + fill * (width - len(cell) - left)
