"""Derivatives: against differences, of second order, and by torch.func."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from qdl.errors import QdlError
from tests.nn.conformance.passes import (
    DOUBLE,
    call,
    double,
    function_of,
    grad,
    gradients,
    loss,
    require_all_close,
    require_close,
)
from tests.nn.table import Row

func = torch.func


class Derivatives:
    def test_gradients_are_differences(self, row: Row) -> None:
        function, at = differentiable(row)
        assert torch.autograd.gradcheck(function, at, fast_mode=True, atol=1e-6)

    def test_second_derivatives_are_right_or_refused(self, row: Row) -> None:
        function, at = differentiable(row)
        if row.double_backward:
            assert torch.autograd.gradgradcheck(function, at, fast_mode=True, atol=1e-5, rtol=1e-3)
            return
        first = grad(loss(function(*at)), at, create_graph=True)
        with pytest.raises(QdlError):
            grad(sum(g.square().sum() for g in first), at)

    def test_gradients_by_torch_func(self, row: Row) -> None:
        function, at = differentiable(row)
        expected = grad(loss(function(*at)), at)
        found = func.grad(lambda *at: loss(function(*at)), argnums=tuple(range(len(at))))(*(x.detach() for x in at))
        require_all_close(found, expected)

    def test_jacobians_by_torch_func(self, row: Row) -> None:
        function, at = differentiable(row, batch=1)
        out = function(*at)
        cotangent = torch.linspace(-1, 0.7, out.numel(), dtype=DOUBLE).reshape(out.shape)
        expected = grad(out, at, cotangent)
        found = func.jacrev(function, argnums=tuple(range(len(at))))(*(x.detach() for x in at))
        axes = list(range(out.dim()))
        require_all_close([torch.tensordot(cotangent, jacobian, (axes, axes)) for jacobian in found], expected)

    def test_samples_by_vmap(self, row: Row) -> None:
        layer, inputs = vectorised(row)
        each = func.vmap(layer if row.unbatched else batch_of_one(layer))
        if row.vmap:
            require_close(each(*inputs), call(layer, inputs))
        else:
            with pytest.raises(QdlError, match="vmap"):
                each(*inputs)

    def test_gradients_of_each_sample_by_vmap(self, row: Row) -> None:
        layer, inputs = vectorised(row)
        parameters = {name: p.detach() for name, p in layer.named_parameters()}
        if not parameters or not row.vmap:
            pytest.skip("no parameters, or no vmap")

        def one(parameters: dict[str, Tensor], *sample: Tensor) -> Tensor:
            return loss(func.functional_call(layer, parameters, tuple(x[None] for x in sample)))

        found = func.vmap(func.grad(one), in_dims=(None, *(0 for _ in inputs)))(parameters, *inputs)
        for k in range(len(inputs[0])):
            expected = gradients(row, layer, tuple(x[k : k + 1] for x in inputs))[-len(parameters) :]
            require_all_close([found[name][k] for name in parameters], expected)

    def test_an_ensemble_of_weights_by_vmap(self, row: Row) -> None:
        layer, inputs = vectorised(row)
        if not list(layer.parameters()) or not row.vmap:
            pytest.skip("no parameters, or no vmap")
        layers = [row.fresh(seed, dtype=DOUBLE).eval() for seed in range(3)]
        parameters, buffers = func.stack_module_state(layers)

        def run(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
            return func.functional_call(layer, (parameters, buffers), inputs)

        require_close(func.vmap(run)(parameters, buffers), torch.stack([call(each, inputs) for each in layers]))


def differentiable(row: Row, batch: int = 2) -> tuple[Callable[..., Any], tuple[Tensor, ...]]:
    """The layer as a function, and leaves; passes that draw have estimates for gradients."""
    if row.random:
        pytest.skip("its gradients are estimates")
    layer, inputs = double(row)
    function, at = function_of(row, layer, tuple(x[:batch] for x in inputs) if row.independent else inputs)
    if not at:
        pytest.skip("nothing to differentiate by")
    return function, tuple(x.clone().requires_grad_() for x in at)


def vectorised(row: Row) -> tuple[torch.nn.Module, tuple[Tensor, ...]]:
    if row.random or not row.independent:
        pytest.skip("no function of one sample")
    layer, inputs = double(row)
    return layer.eval(), inputs


def batch_of_one(layer: torch.nn.Module) -> Callable[..., Tensor]:
    return lambda *sample: layer(*(x[None] for x in sample))[0]
