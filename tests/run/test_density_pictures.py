"""Density matrices brought to the readout, or the readout brought to them: one result, one gradient, one Hessian."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import qdl
from qdl.engine.density import Density
from qdl.ir import Circuit, Hermitian, Param, X, Y, Z
from tests.checks import cotangent

x, theta, p = Param("x", 3), Param("theta", 4), Param("p", 2)
OBSERVABLES = [Z(0), X(1) @ Y(2), Hermitian([[0.3, 0.5j], [-0.5j, -1.0]], 1)]


def circuit() -> Circuit:
    """Encoders first, then gates and noise that the batch shares."""
    made = Circuit(3)
    for wire in range(3):
        made.ry(x[wire], wire).rz(0.3 * x[wire], wire)
    made.channel("depolarizing", 0.05, wires=0).cx(0, 1).channel("amplitude_damping", p[0], wires=1)
    made.rxx(theta[0], 0, 2).rv(theta[1], theta[2], 0.2, 1).channel("depolarizing", p[1], wires=(2, 1))
    made.measure(0, "m")
    with made.if_("m", 1):
        made.ry(theta[3], 2)
    return made.cx(2, 0)


def values(batch: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(3)
    given = {"x": torch.rand(batch, 3, generator=draw), "theta": torch.rand(4, generator=draw)}
    given["p"] = torch.tensor([0.2, 0.1])
    return {name: value.double().requires_grad_() for name, value in given.items()}


def gradients(batch: int, ask: Any) -> list[Tensor]:
    given = values(batch)
    out = ask(given)
    return [out, *torch.autograd.grad(out, list(given.values()), cotangent(out, 1))]


ASKS: dict[str, Any] = {
    "words": lambda v: qdl.expval(circuit(), OBSERVABLES, v, engine="density"),
    "probabilities": lambda v: qdl.probs(circuit(), v, ["m", 2], engine="density"),
    "density matrix": lambda v: qdl.density(circuit(), v, [2], engine="density").abs().flatten(1),
}


@pytest.mark.parametrize("ask", ASKS)
def test_both_pictures_agree(ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    real = Density._functional
    monkeypatch.setattr(Density, "_functional", lambda *args: used.append(1) or real(*args))
    found = gradients(30, ASKS[ask])
    assert used, "many samples, few numbers: the readout should have come to the states"
    monkeypatch.setattr(Density, "_reads_first", lambda *args: False)
    for one, other in zip(found, gradients(30, ASKS[ask]), strict=True):
        assert (one - other).abs().max() < 1e-12


def test_second_derivatives_through_the_readout() -> None:
    given = values(5)

    def ask(*tensors: Tensor) -> Tensor:
        return qdl.expval(circuit(), OBSERVABLES[:2], dict(zip(given, tensors, strict=True)), engine="density")

    assert torch.autograd.gradgradcheck(ask, tuple(given.values()))


def test_a_second_backward_and_pieces() -> None:
    given = values(40)
    out = ASKS["words"](given)
    first = torch.autograd.grad(out.sum(), list(given.values()), retain_graph=True)
    again = torch.autograd.grad(out.sum(), list(given.values()))
    pieces = qdl.expval(circuit(), OBSERVABLES, given, engine="density", memory_budget=2**17)
    third = torch.autograd.grad(pieces.sum(), list(given.values()))
    for one, other, cut in zip(first, again, third, strict=True):
        assert torch.equal(one, other)
        assert (one - cut).abs().max() < 1e-12
