"""What every gradient method must do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

import qdl
from qdl.errors import UnsupportedError
from qdl.ir import Circuit, Hermitian, Param, X, Y, Z
from tests.checks import cotangent, distance
from tests.run.common import MATRIX, leaves

x, theta, a = Param("x", 2), Param("theta", 4), Param("a", 4)
CIRCUITS = {
    "encoder first": Circuit(3)
    .ry(x[0], 0)
    .rx(x[1], 1)
    .cx(0, 1)
    .rzz(theta[0], 1, 2)
    .crx(theta[1], 2, 0)
    .ry(theta[2], 2),
    "encoder last": Circuit(3)
    .ry(theta[0], 0)
    .cx(0, 2)
    .u(theta[1], 0.3, theta[2], 1)
    .rxx(x[0] * theta[3], 1, 2)
    .rx(x[1], 0),
    "encoder again": Circuit(2).rx(x[0], 0).cry(theta[0], 0, 1).ry(x[0] + x[1], 0).rzx(theta[1], 1, 0).rx(x[0], 1),
    "rotors": Circuit(3)
    .rv(x[0], theta[0], theta[1], 0)
    .gate("rv", theta[2], 0.1, x[1], 1, controls=[0])
    .cswap(1, 0, 2),
    "rotor at rest": Circuit(2).h(0).rv(0 * x[0], 0 * theta[0], 0.0, 0).h(0).ry(0.3, 0).gphase(x[1], controls=[1]),
    "prepared": Circuit(3).prepare(a, (2, 0)).ry(x[0], 1).cx(2, 1).rxx(theta[0], 0, 1),
    "prepared per sample": Circuit(2).prepare([x[0], 1.5, x[1], theta[0]], (0, 1)).crz(theta[1], 1, 0).h(0),
    "encoder in the middle": Circuit(4)
    .ry(theta[0], 0)
    .cx(0, 1)
    .crx(theta[1], 1, 2)
    .ry(x[0], 2)
    .rzz(x[1], 2, 3)
    .cry(theta[2], 3, 0)
    .rx(theta[3], 0),
    "one wire": Circuit(1).rx(theta[0], 0).rz(x[0], 0).ry(theta[1], 0),
    "wide spectrum": Circuit(3).evolve(0.7 * X(0) @ Y(1) + 0.45 * Z(1) - 0.2 * Z(0) @ X(2), theta[0]).ry(x[0], 1),
    "no parameters in reach": Circuit(3).h(0).cx(0, 1).ry(theta[0], 2).rx(x[0], 2),
}
OBSERVABLES = [Z(0), 0.5 * X(0) - Y(0), Hermitian(MATRIX, 0)]


def values(made: Circuit, *batch: int, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """Values for a circuit's Params, x being per sample."""
    draw = torch.Generator().manual_seed(5)
    shapes = {p.name: (*batch, p.size) if p.name == "x" else (p.size,) for p in made.params}
    return {n: torch.rand(*s, generator=draw, dtype=torch.float64).add(0.2).to(dtype) for n, s in shapes.items()}


def derivative(out: Tensor, given: dict[str, Tensor], **options: Any) -> list[Tensor]:
    return list(torch.autograd.grad(out, list(given.values()), cotangent(out, 3), **options))


class GradientConformance:
    """Subclass and name a method: the rest follows."""

    method: str
    bound = 1e-10
    second = True  # whether it can be differentiated again; if not, it must say so

    def ask(self, made: Circuit, given: dict[str, Tensor], **options: Any) -> Tensor:
        return qdl.expval(made, OBSERVABLES, given, grad=self.method, **options)

    @pytest.mark.parametrize("name", CIRCUITS)
    @pytest.mark.parametrize(("batch", "width"), [((), 2), ((3,), None), ((3,), 1), ((2, 1), 2)])
    def test_it_agrees_with_autograd(self, name: str, batch: tuple, width: int | None) -> None:
        made = CIRCUITS[name]
        given, twin = leaves(values(made, *batch)), leaves(values(made, *batch))
        found = derivative(self.ask(made, given, width=width), given)
        expected = derivative(qdl.expval(made, OBSERVABLES, twin, grad="autograd"), twin)
        assert max(distance(one, other) for one, other in zip(found, expected, strict=True)) < self.bound

    @pytest.mark.parametrize("name", CIRCUITS)
    @pytest.mark.parametrize("ask", [partial(qdl.probs, wires=[0]), partial(qdl.var, observables=OBSERVABLES)])
    def test_probabilities_and_variances_too(self, name: str, ask: Callable[..., Tensor]) -> None:
        made = CIRCUITS[name]
        given, twin = leaves(values(made, 2)), leaves(values(made, 2))
        found = derivative(ask(made, values=given, grad=self.method), given)
        expected = derivative(ask(made, values=twin, grad="autograd"), twin)
        assert max(distance(one, other) for one, other in zip(found, expected, strict=True)) < self.bound

    @pytest.mark.parametrize("name", CIRCUITS)
    @pytest.mark.parametrize("frozen", ["x", "theta"])
    def test_what_is_frozen_stays_without_gradient_and_changes_no_other(self, name: str, frozen: str) -> None:
        made = CIRCUITS[name]
        given, twin = leaves(values(made, 3)), leaves(values(made, 3))
        if frozen not in given or len(given) == 1:
            return
        given[frozen] = given[frozen].detach()
        free = {key: value for key, value in given.items() if key != frozen}
        for width in (None, 1):
            found = derivative(self.ask(made, given, width=width), free)
            expected = dict(zip(twin, derivative(self.ask(made, twin, width=width), twin), strict=True))
            for key, one in zip(free, found, strict=True):
                assert distance(one, expected[key]) < 1e-13

    @pytest.mark.parametrize("name", CIRCUITS)
    def test_a_second_backward_starts_where_the_first_did(self, name: str) -> None:
        made = CIRCUITS[name]
        given = leaves(values(made, 3))
        out = self.ask(made, given, width=1)
        first, second, third = (derivative(out, given, retain_graph=True) for _ in range(3))
        for one, other, again in zip(first, second, third, strict=True):
            assert torch.equal(one, other)
            assert torch.equal(one, again)

    def test_backward_through_a_part_of_the_result(self) -> None:
        made = CIRCUITS["encoder last"]
        given = leaves(values(made, 4))
        out = self.ask(made, given)
        rows = [torch.autograd.grad(out[1:3, k].sum(), list(given.values()), retain_graph=True) for k in range(3)]
        whole = torch.autograd.grad(out[1:3].sum(), list(given.values()))
        for k, one in enumerate(whole):
            assert distance(sum(row[k] for row in rows), one) < 1e-12
        assert not whole[list(given).index("x")][[0, 3]].any(), "a sample has a gradient from its neighbour"

    @pytest.mark.parametrize("name", CIRCUITS)
    def test_float32_stays_float32(self, name: str) -> None:
        made = CIRCUITS[name]
        given, exact = leaves(values(made, 3, dtype=torch.float32)), leaves(values(made, 3))
        found = derivative(self.ask(made, given), given)
        expected = derivative(qdl.expval(made, OBSERVABLES, exact, grad="autograd"), exact)
        for one, other in zip(found, expected, strict=True):
            assert one.dtype == torch.float32
            assert distance(one, other) < max(2e-5, 3e-3 * (self.bound > 1e-9))

    @pytest.mark.parametrize("name", CIRCUITS)
    def test_second_derivatives_are_right_or_refused(self, name: str) -> None:
        made = CIRCUITS[name]
        given = leaves(values(made, 2))
        names = list(given)

        def ask(*tensors: Tensor) -> Tensor:
            return self.ask(made, dict(zip(names, tensors, strict=True)), width=2)

        if self.second:
            assert torch.autograd.gradgradcheck(ask, tuple(given.values()))
            return
        slopes = derivative(ask(*given.values()), given, create_graph=True)
        loss = torch.stack([one.square().sum() for one in slopes]).sum()
        with pytest.raises(UnsupportedError, match="adjoint"):
            torch.autograd.grad(loss, list(given.values()))

    def test_the_gradient_of_nothing_is_zero_not_none(self) -> None:
        made = CIRCUITS["no parameters in reach"]
        given = leaves(values(made, 3))
        self.ask(made, given).sum().backward()
        for value in given.values():
            assert value.grad is not None
            assert not value.grad.any()

    def test_leaves_get_their_gradient_and_it_accumulates(self) -> None:
        made = CIRCUITS["encoder first"]
        given = leaves(values(made, 3))
        for _ in range(2):
            self.ask(made, given).sum().backward()
        once = leaves(values(made, 3))
        self.ask(made, once).sum().backward()
        for one, other in zip(given.values(), once.values(), strict=True):
            assert distance(one.grad, 2 * other.grad) < 1e-13


class TestAdjoint(GradientConformance):
    method = "adjoint"

    def test_it_is_the_default(self) -> None:
        made = CIRCUITS["encoder again"]
        given, twin = leaves(values(made, 3)), leaves(values(made, 3))
        found = derivative(qdl.expval(made, OBSERVABLES, given), given)
        for one, other in zip(found, derivative(self.ask(made, twin), twin), strict=True):
            assert torch.equal(one, other)


class TestAutograd(GradientConformance):
    method = "autograd"


class TestShift(GradientConformance):
    method = "shift"
    bound = 1e-9
    second = False

    def test_amplitudes_have_no_shift_rule(self) -> None:
        with pytest.raises(UnsupportedError, match="adjoint"):
            qdl.state(CIRCUITS["one wire"], values(CIRCUITS["one wire"]), grad="shift")

    @pytest.mark.parametrize("wires", [2, 3, 6])
    def test_spectra_without_a_stable_rule_are_exact_or_refused(self, wires: int) -> None:
        """A sum of words that do not commute has dozens to thousands of frequencies, some of them almost equal."""
        words = ((0.3 + 0.1 * i) * X(i) + (0.2 + 0.026 * i) * Z(i) @ Z((i + 1) % wires) for i in range(wires))
        made = Circuit(wires).evolve(sum(words, start=0.1 * Y(0)), theta[0])
        given, twin = (leaves({"theta": torch.full((4,), 0.7, dtype=torch.float64)}) for _ in range(2))
        (expected,) = derivative(qdl.expval(made, Z(0), twin), twin)
        refusal = ""
        try:
            (found,) = derivative(qdl.expval(made, Z(0), given, grad="shift"), given)
        except UnsupportedError as error:
            found, refusal = expected, str(error)
        assert distance(found, expected) < self.bound
        assert len(refusal) < 200
        assert not refusal or (wires > 2 and "adjoint" in refusal)


class TestFinite(GradientConformance):
    method = "finite"
    bound = 1e-7
    second = False


@pytest.mark.parametrize("grad", ["adjoint", "autograd", "shift", "finite"])
def test_jacobians_by_torch_func(grad: str) -> None:
    x, w = Param("x", 2), Param("w", 2)
    made = Circuit(2).ry(x[0], 0).rx(x[1], 1).crx(w[0], 0, 1).ry(w[1], 0)
    given = torch.rand(3, 2, dtype=torch.float64), torch.rand(2, dtype=torch.float64)

    def ask(x: Tensor, w: Tensor, grad: str = grad) -> Tensor:
        return qdl.expval(made, [qdl.Z(0), qdl.X(1) @ qdl.Y(0)], {"x": x, "w": w}, grad=grad)

    found = torch.func.jacrev(ask, argnums=(0, 1))(*given)
    wanted = torch.autograd.functional.jacobian(lambda x, w: ask(x, w, "autograd"), given)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)
