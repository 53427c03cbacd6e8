"""Circuits as text and as figures. Both styles share one layout: gates in columns, as early as their wires allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.circuit import Circuit
from qdl.ir.draw.layout import layout
from qdl.ir.draw.text import text


def draw(circuit: Circuit, style: str = "text", *, width: float | None = None, angles: bool = True) -> Any:
    """Draw a circuit.

    Parameters
    ----------
    circuit : Circuit
    style : str
        ``"text"`` or ``"mpl"``.
    width : float, optional
        Where long circuits fold: characters of text (default 120), inches of a figure (default 12).
    angles : bool
        Whether angles are shown.

    Returns
    -------
    str or matplotlib.figure.Figure
        The figure is free of pyplot: save it with ``figure.savefig(path)``.

    Raises
    ------
    CircuitError
        If the style is unknown or the width makes no sense.

    Examples
    --------
    >>> print(draw(Circuit(3).h(0).cx(0, 2).rzz(0.5, 1, 2)))
    0: ┤h├─●─────────────
           │
    1: ────┼─┤0 rzz(0.5)├
           │      │
    2: ────⊕─┤1         ├
    """
    styles: dict[str, tuple[Callable[..., Any], float, float]] = {"text": (text, 120, 20), "mpl": (_figure, 12, 2)}
    if style not in styles:
        raise CircuitError("unknown drawing style", got=repr(style), expected=" or ".join(map(repr, styles)))
    render, usual, least = styles[style]
    room = usual if width is None else width
    if isinstance(room, bool) or not isinstance(room, (int, float)) or not room >= least:
        raise CircuitError("the width of a drawing is too small", got=repr(width), expected=f"at least {least}")
    return render(layout(circuit, angles, pretty=style == "mpl"), room)


def _figure(*arguments: Any) -> Any:
    from qdl.ir.draw.figure import figure

    return figure(*arguments)
