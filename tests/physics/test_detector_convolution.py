"""The detector's convolution by the series of its logarithm, against the product over the patch; its derivatives."""

from __future__ import annotations

from dataclasses import replace
from math import pi
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import unfold

from qdl.physics import detector_convolution, detector_sine_reference
from qdl.physics.interactions.detector import features
from qdl.physics.interactions.detector.convolution import _Form
from qdl.physics.interactions.detector.features import Side
from qdl.physics.interactions.detector.series import BOUNDS, TOLERANCE, Series, series, series_for

# Terms of the magnitude and of the angle.
RANKS = {
    torch.float32: {0.1: (2, 3), 0.35: (3, 3), 0.7: (3, 4), 1.0: (4, 4), 1.5: (5, 5), 2.0: (6, 7), 2.5: (8, 9)},
    torch.float64: {0.1: (4, 4), 0.25: (5, 5), 0.5: (6, 6), 1.0: (7, 8), 1.5: (9, 10)},
}
CASES = [(bound, dtype) for dtype, bounds in BOUNDS.items() for bound in bounds]
SPECIAL = torch.tensor([0.0, 0.5, 1.0, -1.0, -0.5])
ONCE: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}


def exactly(found: Series) -> Series:
    """The same coefficients in double precision, so that only the series' own error is left."""
    sides: list[Side] = [replace(side, dtype=torch.float64) for side in (found.inputs, found.phases)]
    return replace(found, inputs=sides[0], phases=sides[1])


def images(bound: float, dtype: torch.dtype, signed: bool = True, outputs: int = 4, channels: int = 4) -> list[Tensor]:
    """Inputs with every special value, angles up to the bound, offsets: in double, but of the precision's numbers."""
    torch.manual_seed(int(100 * bound))
    x = torch.rand(3, channels, 6, 6, dtype=torch.float64)
    x[:, 0, 0, :5] = SPECIAL.abs()
    if signed:
        x *= torch.where(torch.rand_like(x) < 0.5, -1.0, 1.0)
    phase = bound * (2 * torch.rand(outputs, channels, 3, 3, dtype=torch.float64) - 1)
    phase[0, 0, 0, :2] = torch.tensor([0.999 * bound, -0.999 * bound])
    return [tensor.to(dtype).double() for tensor in (x, phase, torch.randn(outputs, dtype=torch.float64))]


def product(x: Tensor, phase: Tensor, offset: Tensor | None) -> Tensor:
    """The closed form on unfolded patches, stride 1."""
    columns = unfold(x, phase.shape[2:]).movedim(0, -1).flatten(1)[None]
    sine = detector_sine_reference(columns, phase.flatten(1)[None], None if offset is None else offset[None])[0]
    size = [s - k + 1 for s, k in zip(x.shape[2:], phase.shape[2:], strict=True)]
    return sine.unflatten(1, (*size, len(x))).movedim(-1, 0)


def with_grad(tensors: list[Tensor], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    return [tensor.detach().to(dtype).requires_grad_() for tensor in tensors]


def require_close(found: Tensor, expected: Tensor, tolerance: float) -> None:
    """Within a share of the largest entry."""
    assert found.shape == expected.shape, f"{found.shape} instead of {expected.shape}"
    torch.testing.assert_close(found.double(), expected, atol=tolerance * expected.abs().max().item(), rtol=0)


@pytest.mark.parametrize(("bound", "dtype"), CASES, ids=str)
def test_the_series_is_the_logarithm_of_a_factor(bound: float, dtype: torch.dtype) -> None:
    """On a dense grid, relative to u v, with twice the tolerance between the nodes it was made at."""
    form = exactly(series(bound, dtype))
    x = torch.linspace(-1, 1, 401, dtype=torch.float64)
    phi = torch.linspace(-bound, bound, 300, dtype=torch.float64)
    (even, odd), (even_phi, odd_phi) = (
        [terms[0, 0, 0] for terms in side.features(t[None, None, None])]
        for side, t in ((form.inputs, x), (form.phases, phi))
    )
    factor = torch.complex(1 - x.abs()[:, None] * (1 - phi.cos()), x[:, None] * phi.sin())
    scale = (x.abs() * (1 - x.abs()))[:, None] * (2 * (phi / 2).sin()).square()
    rounding = 1e-15
    for found, expected in ((even.T @ even_phi, factor.abs().log()), (odd.T @ odd_phi, factor.angle())):
        assert ((found - expected).abs() <= 2 * TOLERANCE[dtype] * scale + rounding).all()


@pytest.mark.parametrize(("bound", "dtype"), CASES, ids=str)
def test_the_table_of_ranks(bound: float, dtype: torch.dtype) -> None:
    assert series(bound, dtype).inputs.terms == RANKS[dtype][bound]
    assert max(series(bound, dtype).errors) <= 1.2 * TOLERANCE[dtype]


@pytest.mark.parametrize("scratch", [1, 1 << 19])
@pytest.mark.parametrize("which", ["inputs", "phases"])
def test_features_and_their_slow_twin(which: str, scratch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_SCRATCH", scratch)
    side: Side = getattr(series(1.5, torch.float64), which)
    torch.manual_seed(1)
    t = (torch.rand(5, 3, 2, 4, dtype=torch.float64) * 2 - 1) * (1 if which == "inputs" else 1.5)
    t[0, 0, 0] = torch.tensor([0.0, 1.0, -1.0, 0.5])
    t.requires_grad_()
    expected = side.features_reference(t)
    for found, wanted in zip(side.features(t.detach()), expected, strict=True):
        assert found.is_contiguous()
        torch.testing.assert_close(found, wanted.detach(), atol=1e-14, rtol=0)
        assert (found[0, 0, 0, :, 0] == 0).all()  # so that padding by zeros is padding by factors of 1
    cotangents = [torch.randn_like(wanted) for wanted in expected]
    (grad,) = torch.autograd.grad(expected, t, cotangents)
    torch.testing.assert_close(side.pull(t.detach(), *cotangents), grad, atol=1e-12, rtol=0)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("bound", "dtype"), CASES, ids=str)
def test_values_and_gradients_are_those_of_the_product_in_double_precision(
    bound: float, dtype: torch.dtype, signed: bool
) -> None:
    tensors = images(bound, dtype, signed)
    mine, exact = with_grad(tensors, dtype), with_grad(tensors)
    found = detector_convolution(*mine, series(bound, dtype), **ONCE)
    expected = product(*exact)
    assert found.dtype == dtype
    assert found.is_contiguous()
    value, slope = (3e-6, 1e-5) if dtype == torch.float32 else (1e-13, 1e-11)
    torch.testing.assert_close(found.double(), expected, atol=value, rtol=0)
    cotangent = torch.randn_like(expected)
    grads = torch.autograd.grad(found, mine, cotangent.to(dtype))
    for got, wanted in zip(grads, torch.autograd.grad(expected, exact, cotangent), strict=True):
        require_close(got, wanted, slope)


@pytest.mark.parametrize("level", [0.01, 0.2, 1.0])
def test_patches_of_a_thousand_pixels(level: float) -> None:
    """The error does not grow with the patch, for the answer shrinks as the error of its logarithm grows."""
    tensors = images(1.0, torch.float32, signed=False, channels=112)
    tensors[0] *= level
    mine, exact = with_grad(tensors, torch.float32), with_grad(tensors)
    found, expected = detector_convolution(*mine, series(1.0, torch.float32), **ONCE), product(*exact)
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=0)
    cotangent = torch.randn_like(expected)
    grads = torch.autograd.grad(found, mine, cotangent.float())
    for got, wanted in zip(grads, torch.autograd.grad(expected, exact, cotangent), strict=True):
        require_close(got, wanted, 1e-4)


@pytest.mark.parametrize("at", [0.0, 1.0, -1.0])
def test_at_0_and_1_the_derivative_is_the_mean_of_both_sides(at: float) -> None:
    x, phase, offset = images(1.0, torch.float64)
    x[0, 1, 2, 2] = at
    x.requires_grad_()
    (grad,) = torch.autograd.grad(detector_convolution(x, phase, offset, series(1.0, x.dtype), **ONCE).sum(), x)
    step = torch.zeros_like(x)
    step[0, 1, 2, 2] = 1e-6
    expected = (product(x + step, phase, offset) - product(x - step, phase, offset)).sum() / 2e-6
    assert grad[0, 1, 2, 2].item() == pytest.approx(expected.item(), abs=1e-7)


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 1), (1, 2)])
def test_frozen_arguments_change_no_other_gradient(wanted: tuple[int, ...]) -> None:
    tensors = images(0.5, torch.float64)
    form = series(0.5, torch.float64)
    everything = with_grad(tensors)
    full = torch.autograd.grad(detector_convolution(*everything, form, **ONCE).square().sum(), everything)
    some = [tensor.clone().requires_grad_(index in wanted) for index, tensor in enumerate(tensors)]
    detector_convolution(*some, form, **ONCE).square().sum().backward()
    for index, tensor in enumerate(some):
        if index in wanted:
            torch.testing.assert_close(tensor.grad, full[index], atol=1e-14, rtol=1e-12)
        else:
            assert tensor.grad is None


@pytest.mark.parametrize("biased", [True, False])
def test_backward_twice_and_batched_cotangents(biased: bool) -> None:
    x, phase, offset = with_grad(images(0.5, torch.float64))
    tensors = [x, phase, offset] if biased else [x, phase]
    out = detector_convolution(x, phase, offset if biased else None, series(0.5, x.dtype), **ONCE)
    cotangents = torch.randn(3, *out.shape, dtype=out.dtype)
    every = [torch.autograd.grad(out, tensors, cotangent, retain_graph=True) for cotangent in cotangents]
    again = torch.autograd.grad(out, tensors, cotangents[0], retain_graph=True)
    batched = torch.autograd.grad(out, tensors, cotangents, is_grads_batched=True)
    for index, found in enumerate(batched):
        assert torch.equal(again[index], every[0][index])
        torch.testing.assert_close(found, torch.stack([grads[index] for grads in every]), atol=1e-12, rtol=0)


def test_derivatives_to_second_order_are_differences() -> None:
    torch.manual_seed(0)
    x = (torch.rand(2, 2, 3, 2, dtype=torch.float64) * 0.8 + 0.1) * torch.where(torch.rand(2, 2, 3, 2) < 0.5, -1.0, 1.0)
    tensors = with_grad([x, 0.9 * torch.rand(2, 1, 2, 2, dtype=torch.float64), torch.randn(2, dtype=torch.float64)])

    def run(*given: Tensor) -> Tensor:
        sizes = {"stride": (1, 1), "dilation": (1, 1), "groups": 2}
        return detector_convolution(*given, series(1.0, torch.float64), **sizes)

    torch.autograd.gradcheck(run, tensors, atol=1e-7)
    torch.autograd.gradgradcheck(run, tensors, atol=1e-7)


@pytest.mark.parametrize("shape", [(9,), (6, 7), (5, 6, 6)], ids=str)
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_both_twins_agree_on_any_shape(shape: tuple[int, ...], groups: int) -> None:
    torch.manual_seed(len(shape))
    axes = len(shape)
    x = torch.rand(3, 4, *shape, dtype=torch.float64) * 2 - 1
    phase = 2 * torch.rand(8, 4 // groups, *(2, 3, 2)[:axes], dtype=torch.float64) - 1
    tensors = with_grad([x, phase, torch.randn(8, dtype=torch.float64)])
    stride, dilation = (2, 1, 3)[:axes], (1, 2, 1)[:axes]
    found = detector_convolution(*tensors, series(1.0, x.dtype), stride=stride, dilation=dilation, groups=groups)
    lift = 1 if axes == 1 else 0
    form = _Form(series(1.0, x.dtype), (1,) * lift + stride, (1,) * lift + dilation, groups)
    lifted = [t.unsqueeze(2) for t in tensors[:2]] if lift else tensors[:2]
    expected = form.run_reference(*lifted, tensors[2]).reshape(found.shape)
    torch.testing.assert_close(found, expected, atol=1e-13, rtol=0)
    cotangent = torch.randn_like(found)
    for got, wanted in zip(
        torch.autograd.grad(found, tensors, cotangent), torch.autograd.grad(expected, tensors, cotangent), strict=True
    ):
        torch.testing.assert_close(got, wanted, atol=1e-11, rtol=0)


def test_a_series_is_chosen_by_the_largest_angle_and_the_precision() -> None:
    phase = torch.tensor([0.05, -0.7])
    assert series_for(phase) is series(0.7, torch.float32)
    assert series_for(phase.double()) is series(1.0, torch.float64)
    assert series_for(phase[:0]) is series(0.1, torch.float32)
    for none in (phase * 4, phase * torch.nan, phase * torch.inf, phase.to("meta"), phase.half()):
        assert series_for(none) is None
    seen = []
    torch.func.vmap(lambda p: seen.append(series_for(p)) or p)(phase[:, None])
    assert seen == [None]


def test_what_is_made_under_inference_serves_training() -> None:
    tensors = with_grad(images(0.25, torch.float64))
    series.cache_clear()
    with torch.inference_mode():
        expected = detector_convolution(*tensors, series(0.25, torch.float64), **ONCE)
    found = detector_convolution(*tensors, series(0.25, torch.float64), **ONCE)
    assert torch.equal(found, expected)
    (grad,) = torch.autograd.grad(found.sum(), tensors[1], create_graph=True)
    assert torch.autograd.grad(grad.sum(), tensors[1])[0].isfinite().all()


def test_cotangents_under_vmap() -> None:
    x, phase, offset = with_grad(images(0.5, torch.float64))
    out = detector_convolution(x, phase, offset, series(0.5, x.dtype), **ONCE)
    cotangents = torch.randn(3, *out.shape, dtype=out.dtype)

    def pull(cotangent: Tensor) -> tuple[Tensor, ...]:
        return torch.autograd.grad(out, (x, phase), cotangent, retain_graph=True)

    for found, *each in zip(torch.func.vmap(pull)(cotangents), *map(pull, cotangents), strict=True):
        torch.testing.assert_close(found, torch.stack(each), atol=1e-12, rtol=0)


def test_no_angle_at_all_and_no_excitation_are_factors_of_one() -> None:
    x, phase, offset = images(1.0, torch.float32)
    form = series(1.0, torch.float32)
    expected = offset.float().sin()[:, None, None].expand(3, 4, 4, 4)
    for pair in ((0 * x, phase), (x, 0 * phase)):
        found = detector_convolution(*(t.float() for t in pair), offset.float(), form, **ONCE)
        torch.testing.assert_close(found, expected, atol=1e-7, rtol=0)
    assert pi > max(BOUNDS[torch.float32])
