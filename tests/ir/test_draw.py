"""Drawings: exact text for small circuits, and that nothing is lost in large ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from qdl.errors import CircuitError
from qdl.ir import TABLE, Circuit, Param, cell, cells, tile
from qdl.ir.bits import Condition
from qdl.ir.channels import Channel
from qdl.ir.draw.figure import PALETTE
from qdl.ir.draw.labels import angles_label, condition_label, number_label
from qdl.ir.draw.layout import layout
from tests.strategies import case, noisy_case

x, theta = Param("x", 4), Param("theta", 8)


def lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


DRAWN = [
    (Circuit(2), "0: ─\n\n1: ─"),
    (Circuit(1).h(0).rx(np.pi / 2, 0), "0: ┤h├─┤rx(π/2)├"),
    (
        Circuit(3).h(0).cx(0, 2).cz(1, 0).ry(x[0], 1),
        """
0: ┤h├─●─●───────────
       │ │
1: ────┼─●─┤ry(x[0])├
       │
2: ────⊕─────────────
""",
    ),
    (
        Circuit(3).swap(0, 2).x(2, controls=[0, 1]),
        """
0: ×─●
   │ │
1: ┼─●
   │ │
2: ×─⊕
""",
    ),
    (
        Circuit(3).gate("ry", theta[0], 1, controls=(0, 2), values="01").rzz(0.5, 2, 0).gphase(0.25),
        """
global phase: 0.25

0: ──────○────────┤1 rzz(0.5)├
         │             │
1: ┤ry(theta[0])├──────┼──────
         │             │
2: ──────●────────┤0         ├
""",
    ),
    (
        Circuit(2).u(*theta[1:4], 0).prepare([0.6, 0.8], 1),
        """
0: ──┤u(theta[1:4])├──

1: ┤prepare(0.6, 0.8)├
""",
    ),
]


def feedback() -> Circuit:
    """Measurements, a reset, and what depends on outcomes."""
    c = Circuit(3).h(0).measure(0, "m").measure(1, "k")
    with c.if_("m"):
        c.cx(1, 2).swap(0, 2).ry(x[0], 1)
    with c.if_(("m", "k"), "01"):
        c.reset(0)
    return c


DRAWN += [
    (
        feedback(),
        """
0: ─┤h├──┤M→m├────────────┤0 swap if m=1├──┤|0⟩ if m,k=01├─
                                 │
1: ┤M→k├───────────●─────────────┼────────┤ry(x[0]) if m=1├
                   │             │
2: ────────────┤x if m=1├─┤1            ├──────────────────
""",
    ),
    (
        Circuit(2).channel("depolarizing", 0.01, wires=(1, 0)).channel("amplitude_damping", x[2], wires=0).reset(1),
        """
0: ┤1 depolarizing(0.01)├─┤amplitude_damping(x[2])├
             │
1: ┤0                   ├───────────┤|0⟩├──────────
""",
    ),
]


@pytest.mark.parametrize(("circuit", "expected"), DRAWN, ids=range(len(DRAWN)))
def test_small_drawings(circuit: Circuit, expected: str) -> None:
    assert lines(circuit.draw()) == lines(expected)


def test_moments_are_as_early_as_wires_allow() -> None:
    placed = layout(Circuit(4).h(0).h(1).cx(0, 2).x(1).h(3).x(3))
    found = [[(symbol.name, *symbol.wires) for symbol in column] for column in placed.columns]
    assert found == [[("h", 0), ("h", 1), ("h", 3)], [("x", 0, 1, 2), ("x", 3)], [("x", 1)]]


def test_what_a_bit_decides_stands_behind_its_measurement_and_before_the_next() -> None:
    c = Circuit(3).measure(0, "m")
    with c.if_("m"):
        c.x(2)
    c.measure(1, "m").h(0)
    found = {symbol.name: symbol.column for column in layout(c).columns for symbol in column if symbol.wires[0] != 0}
    assert found == {"x": 1, "M→m": 2}
    c = Circuit(2).measure(0, "m").measure(1, "m")
    assert [len(column) for column in layout(c).columns] == [1, 1]


def test_text_folds_at_the_width() -> None:
    circuit = tile("so4", 5, layers=3)
    for width in (40, 80, 120):
        drawn = circuit.draw(width=width)
        assert max(map(len, drawn.splitlines())) <= width
        blocks = drawn.split("\n\n0: ")
        assert len(blocks) > 1
        assert drawn.count("ry(") == 3 * 5 * 6
        assert drawn.count("⊕") == 3 * 5 * 2
        assert drawn.count("»") == 5 * (drawn.count("0: ") - 1)
    assert "»" not in circuit.draw(width=100_000)


def test_wires_line_up_beyond_ten() -> None:
    rows = Circuit(12).h(11).draw().splitlines()
    assert [row.index(":") for row in rows[::2]] == [2] * 12


@pytest.mark.parametrize("name", cells())
@pytest.mark.parametrize("style", ["text", "mpl"])
def test_every_cell_is_drawn(name: str, style: str) -> None:
    assert cell(name).draw(style)


@pytest.mark.parametrize("name", [name for name in TABLE if name != "gphase"])
def test_every_row_is_drawn_with_its_controls_and_its_name_or_symbol(name: str) -> None:
    row = TABLE[name]
    for controls in ([], [row.wires, row.wires + 1]):
        c = Circuit(row.wires + 3).gate(row, *theta[: len(row.angles)], *range(row.wires), controls=controls)
        made = c.operations[0].gate
        inner = made.base or made
        symbol = {"x": "⊕", "z": "●"}.get(inner.name) if made.base else None
        symbol = "×" if inner.name == "swap" else symbol
        text = c.draw()
        assert (symbol or inner.name) in text
        assert text.count("●") == len(made.controls) + (symbol == "●")
        c.draw("mpl")


@pytest.mark.parametrize("seed", range(8))
def test_no_operation_is_lost(seed: int) -> None:
    made = case(Random(seed), 5, 25)
    placed = layout(made.circuit)
    count = sum(map(len, placed.columns)) + len(placed.phases)
    assert count == len(made.circuit)
    for column in placed.columns:
        covered = [wire for symbol in column for wire in symbol.wires]
        assert len(covered) == len(set(covered)), "two symbols of a column lie on one wire"
    assert made.circuit.draw(width=90)
    assert made.circuit.draw("mpl")


@pytest.mark.parametrize("seed", range(8))
def test_no_noise_and_no_condition_is_lost(seed: int) -> None:
    c = noisy_case(Random(seed), 4, 30, measures=True).circuit
    placed = layout(c)
    symbols = [symbol for column in placed.columns for symbol in column]
    assert len(symbols) + len(placed.phases) == len(c)
    assert sum(symbol.role == "noise" for symbol in symbols) == sum(
        isinstance(op.gate, Channel) and op.gate.name != "reset" for op in c.operations
    )
    assert c.draw().count(" if ") == sum(op.condition is not None for op in c.operations)
    shown = texts(c.draw("mpl"))
    assert sum(label.startswith("if ") for label in shown) == sum(bool(symbol.condition) for symbol in symbols)


def test_a_conditional_phase_shows_its_condition() -> None:
    c = Circuit(1).measure(0, "m")
    with c.if_("m", 0):
        c.gphase(0.5)
    assert c.draw().startswith("global phase: 0.5 if m=0\n")


@pytest.mark.parametrize(
    ("bits", "accepted", "label"),
    [
        ("m", {1}, "if m=1"),
        ("a b", {1}, "if a,b=01"),
        ("a b", {0, 3}, "if a,b={00,11}"),
        ("a b c", {0, 1, 2, 3, 4, 5}, "if a,b,c={000,001,010,011,1…"),
    ],
)
def test_condition_labels(bits: str, accepted: set[int], label: str) -> None:
    assert condition_label(Condition(tuple(bits.split()), frozenset(accepted))) == label


def test_a_figure_shows_measurements_noise_and_conditions_in_colours_of_their_own() -> None:
    figure = feedback().channel("depolarizing", 0.1, wires=(0, 1)).draw("mpl")
    shown = texts(figure)
    assert shown.count("if m=1") == 3
    for label in ("M→m", "M→k", "|0⟩", "if m,k=01", "depolarizing", "0.1"):
        assert label in shown
    fills = {patch.get_facecolor() for patch in figure.axes[0].patches}
    assert {to_rgba(PALETTE[role][0]) for role in ("measure", "noise")} <= fills


def test_angles_can_be_left_out() -> None:
    c = Circuit(1).rx(0.3, 0).u(*theta[:3], 0)
    assert c.draw(angles=False) == "0: ┤rx├─┤u├"


@pytest.mark.parametrize(
    ("angles", "plain", "pretty"),
    [
        ((0.123456,), "0.123", "0.123"),
        ((-3 * np.pi / 4, 2.0), "-3π/4, 2", "-3π/4, 2"),
        ((theta[3],), "theta[3]", "θ₃"),
        (tuple(theta[2:6]), "theta[2:6]", "θ₂…₅"),
        ((theta[0], theta[2], theta[3]), "theta[0], theta[2], theta[3]", "θ₀, θ₂, θ₃"),
        ((Param("phi") * x[1] - 1,), "phi*x[1] - 1", "φ·x₁ - 1"),
        ((Param("w_0", 3)[1],), "w_0[1]", "w_0[1]"),
        ((np.pi * x[0],), "π*x[0]", "π·x₀"),
        ((x[0] * x[1] * x[2] * x[3] * theta[0] + 1,), "x[0]*x[1]*x[2]*x[3]*theta[0…", "x₀·x₁·x₂·x₃·θ₀ + 1"),
    ],
)
def test_labels_are_short(angles: tuple[Any, ...], plain: str, pretty: str) -> None:
    assert angles_label(angles, pretty=False) == plain
    assert angles_label(angles, pretty=True) == pretty


def test_number_labels() -> None:
    assert [number_label(v) for v in (0.0, np.pi, -np.pi, 1e-9, 12345.678)] == ["0", "π", "-π", "1e-09", "1.23e+04"]


def texts(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_a_figure_shows_every_name_and_angle() -> None:
    figure = Circuit(3).ry(x[0], 0).rzz(theta[1], 0, 2).cx(0, 1).gphase(0.5).draw("mpl")
    shown = texts(figure)
    for label in ("ry", "x₀", "rzz", "θ₁", "0", "1", "2", "global phase 0.5"):
        assert label in shown


def test_a_figure_folds_within_its_width(tmp_path: Path) -> None:
    circuit = tile("so4", 4, layers=4)
    wide, narrow = circuit.draw("mpl", width=20), circuit.draw("mpl", width=6)
    assert narrow.get_figwidth() <= 6.01
    assert narrow.get_figheight() > wide.get_figheight()
    assert texts(wide).count("ry") == texts(narrow).count("ry") == 4 * 4 * 6
    narrow.savefig(tmp_path / "circuit.png")
    assert (tmp_path / "circuit.png").stat().st_size > 10_000


def test_a_figure_needs_no_pyplot_and_text_no_matplotlib(tmp_path: Path) -> None:
    code = (
        "import sys, qdl\n"
        "c = qdl.cell('su4')\n"
        "c.draw()\n"
        "assert 'matplotlib' not in sys.modules, 'text draws without matplotlib'\n"
        "c.draw('mpl').savefig(sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules, 'a figure is drawn without pyplot'\n"
    )
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", code, str(tmp_path / "c.png")], check=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"style": "latex"}, "unknown drawing style: got 'latex', expected 'text' or 'mpl'"),
        ({"style": "text", "width": 5}, "width of a drawing is too small: got 5, expected at least 20"),
        ({"style": "mpl", "width": 0.5}, "too small"),
        ({"style": "text", "width": "80"}, "too small"),
        ({"style": "text", "width": float("nan")}, "too small"),
    ],
)
def test_nonsense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Circuit(1).draw(**arguments)
