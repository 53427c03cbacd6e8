"""The detector's closed form: against a state vector written out here, against its slow twin, and its derivatives."""

from __future__ import annotations

from functools import reduce
from math import pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from qdl.physics import detector_sine, detector_sine_reference
from qdl.physics.interactions.detector import kernel

TOLERANCE = {torch.float64: 1e-13, torch.float32: 3e-6}
SHAPES = [(1, 1, 1, 1), (1, 2, 3, 5), (1, 9, 8, 700), (3, 7, 2, 33), (2, 72, 4, 300), (1, 5, 1, 0), (4, 1, 2, 65)]


def case(groups: int, size: int, outputs: int, columns: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Inputs with every special value: 0, +-1, and x = 1/2 at phase pi, where a factor vanishes."""
    torch.manual_seed(size * 1000 + columns)
    x = torch.rand(groups, size, columns, dtype=dtype) * 2 - 1
    special = torch.randint(0, 6, x.shape)
    for index, value in enumerate((0.0, 1.0, -1.0)):
        x[special == index] = value
    phase, offset = torch.randn(groups, outputs, size, dtype=dtype), torch.randn(groups, outputs, dtype=dtype)
    x[:, -1, ::3], phase[:, :1, -1] = 0.5, pi
    return [x, phase, offset]


def with_grad(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def largest(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape, f"{found.shape} instead of {expected.shape}"
    assert found.dtype == expected.dtype
    return float((found - expected).detach().abs().max()) if found.numel() else 0.0


def state_vector_sine(x: np.ndarray[Any, Any], phase: np.ndarray[Any, Any], offset: float) -> float:
    """-<Z> of the detector from all 2**(size + 1) amplitudes: RY preparations, then exp(-i/2 W (x) Y)."""

    def ry(angle: float) -> np.ndarray[Any, Any]:
        return np.array([[np.cos(angle / 2), -np.sin(angle / 2)], [np.sin(angle / 2), np.cos(angle / 2)]])

    inputs = reduce(np.kron, [ry(2 * np.arcsin(np.sqrt(abs(p))))[:, 0] for p in x])
    detector = ry(pi / 2 + offset)[:, 0]
    total = 0.0
    for index, amplitude in enumerate(inputs):
        quanta = [int(bit) for bit in f"{index:0{len(x)}b}"]
        answered = ry(float(np.dot(quanta, np.sign(x) * phase))) @ (amplitude * detector)
        total += answered[1] ** 2 - answered[0] ** 2
    return total


def test_it_is_what_a_state_vector_gives() -> None:
    x, phase, offset = case(2, 5, 3, 4)
    found = detector_sine(x, phase, offset)
    for g, o, n in np.ndindex(2, 3, 4):
        expected = state_vector_sine(x[g, :, n].numpy(), phase[g, o].numpy(), offset[g, o].item())
        assert found[g, o, n].item() == pytest.approx(expected, abs=1e-13)


def test_without_an_offset_it_is_zero() -> None:
    x, phase, offset = case(1, 4, 2, 3)
    assert torch.equal(detector_sine(x, phase), detector_sine(x, phase, 0 * offset))


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("chunk", [1, 1 << 17])
def test_both_twins_agree(
    shape: tuple[int, int, int, int], dtype: torch.dtype, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(kernel._CHUNK, "cpu", chunk)
    fast, slow = with_grad(case(*shape, dtype)), with_grad(case(*shape, dtype))
    found, expected = detector_sine(*fast), detector_sine_reference(*slow)
    assert largest(found, expected) < TOLERANCE[dtype]
    cotangent = torch.randn_like(found)
    # Gradients by phase and offset are sums over columns, so their rounding grows with the number of columns.
    grads = zip(
        torch.autograd.grad(found, fast, cotangent), torch.autograd.grad(expected, slow, cotangent), strict=True
    )
    for got, wanted in grads:
        assert largest(got, wanted) < 50 * TOLERANCE[dtype]


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 1), (1, 2)])
def test_frozen_arguments_change_no_other_gradient(wanted: tuple[int, ...]) -> None:
    tensors = case(2, 5, 3, 40)
    everything = with_grad(tensors)
    full = torch.autograd.grad(detector_sine(*everything).square().sum(), everything)
    some = [tensor.clone().requires_grad_(index in wanted) for index, tensor in enumerate(tensors)]
    detector_sine(*some).square().sum().backward()
    for index, tensor in enumerate(some):
        if index in wanted:
            assert torch.equal(tensor.grad, full[index])
        else:
            assert tensor.grad is None


def test_backward_twice_on_one_graph_gives_the_same() -> None:
    tensors = with_grad(case(1, 6, 2, 9))
    out = detector_sine(*tensors).sum()
    first = torch.autograd.grad(out, tensors, retain_graph=True)
    second = torch.autograd.grad(out, tensors)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_derivatives_to_second_order_are_differences(size: int) -> None:
    torch.manual_seed(size)
    x = (torch.rand(2, size, 3, dtype=torch.float64) * 0.8 + 0.1) * torch.tensor([1.0, -1.0, 1.0])
    tensors = with_grad([x, torch.randn(2, 2, size, dtype=torch.float64), torch.randn(2, 2, dtype=torch.float64)])
    torch.autograd.gradcheck(detector_sine, tensors, atol=1e-6)
    torch.autograd.gradgradcheck(detector_sine, tensors, atol=1e-6)


@pytest.mark.parametrize("at", [0.0, 1.0, -1.0])
def test_at_0_and_1_the_derivative_is_the_mean_of_both_sides(at: float) -> None:
    x, phase, offset = case(1, 4, 3, 2)
    x[0, 2] = at
    x.requires_grad_()
    step = 1e-6
    ahead, behind = x.detach().clone(), x.detach().clone()
    ahead[0, 2] += step
    behind[0, 2] -= step
    expected = (detector_sine(ahead, phase, offset) - detector_sine(behind, phase, offset)).sum((0, 1)) / (2 * step)
    (grad,) = torch.autograd.grad(detector_sine(x, phase, offset).sum(), x)
    assert torch.isfinite(grad).all()
    assert largest(grad[0, 2], expected) < 1e-6


def test_layouts_do_not_matter() -> None:
    tensors = case(2, 6, 3, 50)
    odd = [tensor.mT.contiguous().mT.requires_grad_() for tensor in tensors]
    even = with_grad(tensors)
    cotangent = torch.randn(3, 2, 50, dtype=torch.float64).transpose(0, 1)
    found, expected = detector_sine(*odd), detector_sine(*even)
    assert largest(found, expected) < 1e-14
    grads = torch.autograd.grad(found, odd, cotangent)
    for got, wanted in zip(grads, torch.autograd.grad(expected, even, cotangent.contiguous()), strict=True):
        assert largest(got, wanted) < 1e-13


@pytest.mark.parametrize("dims", [(0, 0, 0), (0, None, None), (None, 0, None), (2, None, 1)])
def test_vmap_is_a_loop(dims: tuple[int | None, ...]) -> None:
    base = case(2, 5, 3, 7)
    stacks = [t if dim is None else torch.stack([t, 0.3 * t, -t], dim) for t, dim in zip(base, dims, strict=True)]

    def one(index: int) -> list[Tensor]:
        return [t if dim is None else t.select(dim, index) for t, dim in zip(stacks, dims, strict=True)]

    def gradient(*tensors: Tensor) -> tuple[Tensor, ...]:
        return torch.func.grad(lambda *ts: detector_sine(*ts).square().sum(), (0, 1, 2))(*tensors)

    found = torch.func.vmap(detector_sine, in_dims=dims)(*stacks)
    assert largest(found, torch.stack([detector_sine(*one(i)) for i in range(3)])) < 1e-14
    for got, wanted in zip(
        torch.func.vmap(gradient, in_dims=dims)(*stacks),
        zip(*(gradient(*one(i)) for i in range(3)), strict=True),
        strict=True,
    ):
        assert largest(got, torch.stack(wanted)) < 1e-13


def test_hessian_through_torch_func() -> None:
    x, phase, offset = case(1, 3, 2, 2)
    found = torch.func.jacrev(torch.func.jacrev(lambda p: detector_sine(x, p, offset).sum()))(phase)
    expected = torch.func.hessian(lambda p: detector_sine_reference(x, p, offset).sum())(phase)
    assert largest(found, expected) < 1e-12


def test_memory_does_not_hold_a_number_for_every_output_and_element() -> None:
    """(outputs x elements x columns) would be 46 MB here; forward keeps its inputs only."""
    tensors = with_grad([torch.rand(1, 90, 4096), torch.rand(1, 32, 90), torch.rand(1, 32)])
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.untyped_storage().nbytes()) or t, lambda t: t
    ):
        detector_sine(*tensors)
    assert sum(kept) <= sum(t.numel() * 4 for t in tensors)
