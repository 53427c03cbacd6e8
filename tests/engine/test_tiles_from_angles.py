"""The tile kernels from angles to values and back, against matrices built by torch and products on views."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import torch
from torch import Tensor

import qdl
from qdl.engine.state import StateVector
from qdl.engine.tiles import codes

pytest.importorskip("llvmlite", reason="the tile kernels are compiled by llvmlite")

from qdl.engine.tiles.twin import _only

BOUND = {torch.float32: 1e-4, torch.float64: 1e-11}
CASES = [(40, 7), (17, 5), (33, 9), (16, 4), (9, 8), (3, 12), (1, 10), (5, 6)]  # samples and wires
GATES = ("rx", "ry", "rz", "p")
PAIRS = ("rzz", "rxx", "crx", "cp")


def circuit(wires: int, seed: int, per_sample: bool) -> tuple[qdl.Circuit, list[qdl.Observable]]:
    """Every wire joined with its neighbours; angles shared and, if wanted, per sample; words of Z's, some long."""
    draw = Random(seed)
    x, theta = qdl.Param("x", 7), qdl.Param("theta", 9)
    entries = [*x, *theta, *theta] if per_sample else [*theta]
    made = qdl.Circuit(wires).h(0)
    for _ in range(3):
        for wire in range(wires):
            getattr(made, draw.choice(GATES))(draw.choice(entries), wire)
            made.h(wire)
        for wire in range(wires):
            other = draw.choice([w for w in range(wires) if w != wire])
            getattr(made, draw.choice(PAIRS))(draw.choice(entries), wire, other)
        for wire in range(wires):
            made.ry(theta[wire % 9], wire).rx(draw.uniform(-3, 3), wire)
    words = [draw.sample(range(wires), draw.randint(1, wires)) for _ in range(5)]
    return made, [qdl.Z(0), *(_product(word) for word in words)]


def _product(wires: list[int]) -> qdl.Observable:
    word = qdl.Z(wires[0])
    for wire in wires[1:]:
        word = word @ qdl.Z(wire)
    return word


def found(
    strategy: str, case: tuple[int, int], seed: int, dtype: torch.dtype, per_sample: bool, scale: float = 1.0
) -> list[Tensor]:
    """Values, and the gradients of both kinds of angles alone and together."""
    samples, wires = case
    made, read = circuit(wires, seed, per_sample)
    draw = torch.Generator("cpu").manual_seed(seed)
    x, theta, pull = (
        torch.randn(*shape, generator=draw, dtype=torch.float64, device="cpu").to(dtype)
        for shape in ((samples, 7), (9,), (samples, len(read)))
    )
    x, theta = scale * x, scale * theta
    compiled = qdl.compile(made, read, strategy=strategy)
    out = []
    for wanted in ((True, True), (True, False), (False, True)) if per_sample else ((False, True),):
        given = [v.clone().requires_grad_(w) for v, w in zip((x, theta), wanted, strict=True)]
        values = compiled({"x": given[0], "theta": given[1]} if per_sample else {"theta": given[1]})
        asked = [g for g in given if g.requires_grad]
        out += [values.detach(), *torch.autograd.grad(values, asked, pull if per_sample else pull[0])]
    return out


@pytest.mark.parametrize("dtype", BOUND)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("per_sample", [True, False])
def test_from_angles_to_gradients(
    case: tuple[int, int], per_sample: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = []
    run = StateVector.run_from_angles

    def spy(*arguments: object) -> object:
        took.append(run(*arguments))  # type: ignore[arg-type]
        return took[-1]

    monkeypatch.setattr(StateVector, "run_from_angles", spy)
    tiles, windows = (found(strategy, case, 1, dtype, per_sample) for strategy in ("tiles", "windows"))
    for one, other in zip(tiles, windows, strict=True):
        assert float((one - other).abs().max()) < BOUND[dtype] * max(1.0, float(other.abs().max()))
    assert took, "the planner made no tiles"
    if case[1] >= 7:
        assert any(t is not None for t in took), "the kernels built no matrices"


@pytest.mark.parametrize("dtype", BOUND)
@pytest.mark.parametrize("scale", [1e-6, 1e2, 1e3])
def test_angles_of_any_size(scale: float, dtype: torch.dtype) -> None:
    """The kernels' own sine and cosine, many turns away from zero."""
    tiles, windows = (found(strategy, (40, 7), 2, dtype, True, scale) for strategy in ("tiles", "windows"))
    for one, other in zip(tiles, windows, strict=True):
        assert float((one - other).abs().max()) < BOUND[dtype] * max(1.0, float(other.abs().max()))


@pytest.mark.parametrize("dtype", BOUND)
def test_angles_without_a_phase_do_not_blow_up(dtype: torch.dtype) -> None:
    """Neighbouring numbers lie more than a turn apart here."""
    values = found("tiles", (40, 7), 2, dtype, True, 1e20)[0]
    assert bool(torch.isfinite(values).all())
    assert float(values.abs().max()) < 1e6


def test_an_angle_that_is_no_number_gives_none() -> None:
    """Only of its own sample."""
    made, read = circuit(7, 1, True)
    angles = torch.zeros(40, 7)
    angles[3] = torch.nan
    out = qdl.expval(made, read, {"x": angles, "theta": torch.zeros(9)}, strategy="tiles", validate=False)
    assert torch.isnan(out).any(1).nonzero().flatten().tolist() == [3]


@pytest.mark.parametrize("case", [(40, 7), (3, 12), (5, 6)])
def test_the_default_device_is_not_asked(case: tuple[int, int]) -> None:
    expected = found("tiles", case, 3, torch.float32, True)
    torch.set_default_device("meta")
    try:
        again = found("tiles", case, 3, torch.float32, True)
    finally:
        torch.set_default_device(None)
    for one, other in zip(again, expected, strict=True):
        assert torch.equal(one, other)


def test_matrices_of_both_sources_take_turns() -> None:
    """A graph of the backward takes torch's matrices, on layouts that the kernels' own were laid in before."""
    made, read = circuit(7, 5, True)
    draw = torch.Generator("cpu").manual_seed(5)
    given = [torch.randn(*shape, generator=draw, dtype=torch.float64).requires_grad_() for shape in ((40, 7), (9,))]
    seconds = []
    for strategy in ("tiles", "windows"):
        compiled = qdl.compile(made, read, strategy=strategy)
        value = compiled({"x": given[0], "theta": given[1]}).square().sum()
        first = torch.autograd.grad(value, given, retain_graph=True)
        graph = torch.autograd.grad(value, given, create_graph=True)
        for one, other in zip(first, graph, strict=True):
            assert torch.allclose(one, other, atol=1e-10), "a graph changes the gradient"
        squares = torch.stack([g.square().sum() for g in graph]).sum()
        seconds.append(torch.autograd.grad(squares, given))
        again = compiled({"x": given[0], "theta": given[1]}).square().sum()
        assert torch.allclose(again, value, atol=1e-10)
    for one, other in zip(*seconds, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-8)


def test_shared_angles_in_front_of_an_encoder_are_not_built_per_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels build no matrix of both kinds of angles: they would leave the whole part to torch."""
    took = []
    run = StateVector.run_from_angles

    def spy(*arguments: object) -> object:
        took.append(run(*arguments))  # type: ignore[arg-type]
        return took[-1]

    monkeypatch.setattr(StateVector, "run_from_angles", spy)
    x, theta = qdl.Param("x", 5), qdl.Param("theta", 5)
    made = qdl.Circuit(5)
    for wire in range(5):
        made.ry(theta[wire], wire).rx(x[wire], wire)
    for wire in range(4):
        made.cx(wire, wire + 1).ry(theta[wire], wire)
    values = {"x": torch.rand(64, 5), "theta": torch.rand(5)}
    tiles, windows = (qdl.expval(made, qdl.Z(4), values, strategy=s) for s in ("tiles", "windows"))
    assert float((tiles - windows).abs().max()) < BOUND[torch.float32]
    assert took
    assert all(t is not None for t in took)


def test_what_is_frozen_takes_no_gradient_where_wires_grow() -> None:
    """Not even of a wire's first block: there is no room for it."""
    steps = np.zeros((4, codes.STEP), dtype=np.int64)
    steps[:, codes.KIND] = (codes.GROW, codes.GROW, 2, codes.SWAP_ALL)
    steps[:, codes.OF_GROUP] = (0, 1, 0, 0)
    steps[:, codes.GRADIENT] = (5, 6, 7, 8)
    assert _only((False, True), steps)[:, codes.GRADIENT].tolist() == [-1, 6, -1, 8]
    assert _only((True, False), steps)[:, codes.GRADIENT].tolist() == [5, -1, 7, 8]
