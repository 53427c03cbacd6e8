"""A drawing as a matplotlib figure, made without pyplot so that nothing global changes."""

from __future__ import annotations

from typing import Any

from qdl.ir.draw.layout import Layout, Symbol

UNIT = 0.55  # inches between two wires
LINE = "#37474f"
PALETTE = {  # role to fill and edge
    "constant": ("#e3eef9", "#3b6ea5"),
    "free": ("#fdebd3", "#c77414"),
    "composite": ("#ece4f5", "#7a52a8"),
    "noise": ("#fbe4e6", "#b23a48"),
    "measure": ("#e2f1e5", "#2f7d45"),
}
_HEIGHT, _RADIUS = 0.68, 0.2  # of a box and of a circled plus, in units
_NAME, _SMALL, _TINY = 10.0, 8.0, 7.0  # points
_MARGIN = 0.7  # units on the left for the wire's number


def figure(layout: Layout, width: float) -> Any:
    """The figure, `width` inches wide at most unless one column needs more."""
    from matplotlib.figure import Figure

    blocks = _fold(layout, width / UNIT - _MARGIN - 0.4)
    room = max(sum(_width(column) for column in block) for block in blocks) + _MARGIN + 0.4
    height = len(blocks) * layout.wires + (len(blocks) - 1) * 0.7 + 0.3 + (0.6 if layout.phases else 0)
    made = Figure(figsize=(room * UNIT, height * UNIT), dpi=150, facecolor="white")
    axes = made.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, room), ylim=(-height, 0))
    axes.set_axis_off()
    top = 0.65
    if layout.phases:
        label = f"global phase {' + '.join(layout.phases)}"
        axes.text(0.25, -0.35, label, fontsize=_SMALL, color=LINE, va="center")
        top += 0.6
    for number, block in enumerate(blocks):
        _draw_block(axes, layout.wires, block, -(top + number * (layout.wires + 0.7)))
    return made


def _fold(layout: Layout, room: float) -> list[list[list[Symbol]]]:
    blocks: list[list[list[Symbol]]] = [[]]
    for column in layout.columns:
        if blocks[-1] and sum(map(_width, blocks[-1])) + _width(column) > room:
            blocks.append([])
        blocks[-1].append(column)
    return blocks


def _width(column: list[Symbol]) -> float:
    return max(max(_box_width(symbol), _points_wide(len(symbol.condition) * _TINY)) for symbol in column) + 0.3


def _points_wide(points: float) -> float:
    """The width of text, in units, from the points of its letters."""
    return points * 0.62 / 72 / UNIT


def _box_width(symbol: Symbol) -> float:
    if symbol.kind != "box":
        return 0.5
    wide = _points_wide(max(len(symbol.name) * _NAME, len(symbol.angles) * _SMALL))
    return max(_HEIGHT, wide + (0.55 if len(symbol.targets) > 1 else 0.3))


def _draw_block(axes: Any, wires: int, columns: list[list[Symbol]], top: float) -> None:
    end = _MARGIN + max(sum(map(_width, columns)), 0.5) + 0.1
    for wire in range(wires):
        axes.plot([_MARGIN - 0.15, end], [top - wire] * 2, color=LINE, linewidth=0.9, zorder=1)
        axes.text(_MARGIN - 0.3, top - wire, str(wire), fontsize=_NAME, color=LINE, ha="right", va="center")
    left = _MARGIN
    for column in columns:
        middle = left + _width(column) / 2
        for symbol in column:
            _draw_symbol(axes, symbol, middle, top)
        left += _width(column)


def _draw_symbol(axes: Any, symbol: Symbol, x: float, top: float) -> None:
    fill, edge = PALETTE[symbol.role]
    if len(symbol.wires) > 1:
        ends = [top - symbol.wires[0], top - symbol.wires[-1]]
        axes.plot([x, x], ends, color=edge, linewidth=1.3, zorder=2)
    if symbol.condition:
        _draw_condition(axes, symbol, x, top - symbol.wires[0])
    if symbol.kind == "box":
        _draw_box(axes, symbol, x, top, fill, edge)
    for wire in symbol.targets:
        if symbol.kind == "not":
            _draw_not(axes, x, top - wire, edge)
        elif symbol.kind == "swap":
            axes.plot([x], [top - wire], marker="x", markersize=7, markeredgewidth=1.4, color=edge, zorder=4)
        elif symbol.kind == "dot":
            _draw_dot(axes, x, top - wire, True, edge)
    inside = range(min(symbol.targets), max(symbol.targets)) if symbol.kind == "box" else range(0)
    for wire, value in symbol.controls:
        left = _box_width(symbol) / 2 - 0.14 if wire in inside else 0
        _draw_dot(axes, x - left, top - wire, value, edge)


def _draw_condition(axes: Any, symbol: Symbol, x: float, wire: float) -> None:
    """What bits must be, above everything on the symbol's uppermost wire."""
    boxed = symbol.kind == "box" and symbol.wires[0] in symbol.targets
    y, colour = wire + (_HEIGHT / 2 if boxed else _RADIUS) + 0.05, PALETTE["measure"][1]
    axes.text(x, y, symbol.condition, fontsize=_TINY, ha="center", va="bottom", color=colour, zorder=6)


def _draw_dot(axes: Any, x: float, y: float, filled: bool, edge: str) -> None:
    inside = edge if filled else "white"
    axes.plot([x], [y], marker="o", markersize=6, markeredgewidth=1.2, mfc=inside, mec=edge, zorder=5)


def _draw_not(axes: Any, x: float, y: float, edge: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((x, y), _RADIUS, facecolor="white", edgecolor=edge, linewidth=1.3, zorder=3))
    axes.plot([x - _RADIUS, x + _RADIUS], [y, y], color=edge, linewidth=1.3, zorder=4)
    axes.plot([x, x], [y - _RADIUS, y + _RADIUS], color=edge, linewidth=1.3, zorder=4)


def _draw_box(axes: Any, symbol: Symbol, x: float, top: float, fill: str, edge: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    wide, first, last = _box_width(symbol), min(symbol.targets), max(symbol.targets)
    low, high = top - last - _HEIGHT / 2, top - first + _HEIGHT / 2
    shape = "round,pad=0,rounding_size=0.08"
    patch = FancyBboxPatch((x - wide / 2, low), wide, high - low, shape, fc=fill, ec=edge, linewidth=1.1, zorder=3)
    axes.add_patch(patch)
    for wire in set(range(first, last)) - set(symbol.targets):
        axes.plot([x - wide / 2, x + wide / 2], [top - wire] * 2, color=edge, linewidth=0.6, alpha=0.5, zorder=3)
    several = len(symbol.targets) > 1
    middle, centre = x + (0.1 if several else 0), (low + high) / 2
    shift = 0.14 if symbol.angles else 0
    paper = {"facecolor": fill, "edgecolor": "none", "pad": 1.0}
    style = {"ha": "center", "va": "center", "color": "#1c2a33", "zorder": 6, "bbox": paper if several else None}
    axes.text(middle, centre + shift, symbol.name, fontsize=_NAME, **style)
    if symbol.angles:
        axes.text(middle, centre - shift - 0.03, symbol.angles, fontsize=_SMALL, **style)
    if several:
        for place, wire in enumerate(symbol.targets):
            left = x - wide / 2 + 0.14
            axes.text(left, top - wire, str(place), fontsize=_TINY, ha="center", va="center", color=edge, zorder=6)
