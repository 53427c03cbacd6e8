"""torch.func, second derivatives and modules."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters
from torch.func import functional_call, grad, jacrev, vmap

import qdl
from qdl.errors import UnsupportedError
from qdl.ir import Z
from tests.checks import distance
from tests.run.common import OBSERVABLES, circuit, leaves, values


class TestFunctionTransforms:
    def ask(self, xs: Tensor, th: Tensor) -> Tensor:
        return qdl.expval(circuit(), OBSERVABLES, {"x": xs, "theta": th})

    def test_vmap_is_the_batch(self) -> None:
        given = values(6)
        xs, th = given["x"], given["theta"]
        expected = self.ask(xs, th)
        assert distance(vmap(self.ask, (0, None))(xs, th), expected) < 1e-14
        both = torch.stack([th, 2 * th])
        assert distance(vmap(vmap(self.ask, (0, None)), (None, 0))(xs, both)[1], self.ask(xs, 2 * th)) < 1e-14
        assert distance(vmap(self.ask, (None, 0))(xs, both)[0], expected) < 1e-14
        for request in (qdl.probs, qdl.state):
            mapped = vmap(lambda one, request=request: request(circuit(), {"x": one, "theta": th}))(xs)
            assert distance(mapped, request(circuit(), given)) < 1e-14

    def test_grad_and_jacrev_are_autograds(self) -> None:
        given = leaves(values(4))
        th, xs = (value.detach() for value in given.values())
        out = self.ask(given["x"], given["theta"])
        rows = [torch.autograd.grad(one, list(given.values()), retain_graph=True) for one in out.flatten()]
        expected = torch.stack([row[0] for row in rows]).reshape(4, 4, 3)
        assert distance(jacrev(self.ask, 1)(xs, th), expected) < 1e-13
        assert distance(grad(lambda a: self.ask(a, th).sum())(xs), sum(row[1] for row in rows)) < 1e-13
        per_sample = vmap(grad(lambda a, b: self.ask(a, b).sum(), 1), (0, None))(xs, th)
        assert distance(per_sample, expected.sum(1)) < 1e-13

    def test_second_derivatives_are_right(self) -> None:
        given = values(2)

        def loss(th: Tensor, method: str = "adjoint") -> Tensor:
            return qdl.expval(circuit(), OBSERVABLES, {"x": given["x"], "theta": th}, grad=method).sin().sum()

        expected = torch.func.hessian(partial(loss, method="autograd"))(given["theta"])
        assert distance(jacrev(jacrev(loss))(given["theta"]), expected) < 1e-11
        assert distance(torch.autograd.functional.hessian(loss, given["theta"]), expected) < 1e-11

    def test_vectorised_jacobians_are_right(self) -> None:
        given = values(3)
        ask = partial(self.ask, given["x"])
        plain, fast = (torch.autograd.functional.jacobian(ask, given["theta"], vectorize=v) for v in (False, True))
        assert distance(fast, plain) < 1e-13

    def test_what_torch_func_cannot_do_is_refused(self) -> None:
        given = values(2)
        with pytest.raises(UnsupportedError, match="autograd"):
            torch.func.jvp(partial(self.ask, given["x"]), (given["theta"],), (given["theta"],))
        for options in ({"grad": "shift"}, {"shots": 5, "seed": 1}):
            ask = lambda a, options=options: qdl.expval(circuit(), Z(0), {**given, "x": a}, **options)  # noqa: E731
            with pytest.raises(UnsupportedError, match="vmap"):
                vmap(ask)(given["x"])

    def test_functional_call(self) -> None:
        class Layer(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.theta = torch.nn.Parameter(values()["theta"])
                self.run = qdl.compile(circuit(), OBSERVABLES)

            def forward(self, xs: Tensor) -> Tensor:
                return self.run({"x": xs, "theta": self.theta})

        layer, given = Layer(), values(4)
        other = {"theta": given["theta"] * 1.5}
        found = functional_call(layer, other, (given["x"],))
        assert distance(found.detach(), self.ask(given["x"], other["theta"])) < 1e-14
        twin = copy.deepcopy(layer)
        twin.theta.data.mul_(1.5)
        assert distance(twin(given["x"]).detach(), found.detach()) < 1e-14
        assert distance(layer(given["x"]).detach(), self.ask(given["x"], given["theta"])) < 1e-14


def test_a_compiled_function_does_not_look_into_planning() -> None:
    """Dynamo would guard every entry of the table of plans. It sees 11 frames now; with planning, about 90."""
    x = qdl.Param("x", 1)
    turned, read = qdl.Circuit(2).ry(x[0], 0).cx(0, 1), Z(1)

    def twice(values: Tensor) -> Tensor:
        return 2 * qdl.expval(turned, read, {"x": values})

    torch._dynamo.reset()
    counters.clear()
    found = torch.compile(twice, backend="eager")(torch.tensor([0.3]))
    torch.testing.assert_close(found, twice(torch.tensor([0.3])))
    assert counters["frames"]["total"] < 30
