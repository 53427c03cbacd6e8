"""The three encodings of the input, with the states written out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.autograd import gradcheck

from qdl.physics import (
    amplitudes,
    chebyshev_angles,
    coherent_state,
    padded_size,
    probability_angles,
    signed_angles,
)
from qdl.physics.encodings.feature_maps import words


def test_a_ring_closes_from_three_wires_on() -> None:
    assert words(2, "ring") == [(0,), (1,), (0, 1)]
    assert words(3, "ring")[3:] == [(0, 1), (1, 2), (2, 0)]
    assert words(4, "ring")[4:] == [(0, 1), (1, 2), (2, 3), (3, 0)]


def test_probability_encoding_excites_with_probability_x() -> None:
    x = torch.tensor([0.0, 1e-9, 0.2, 0.5, 0.9, 1.0], dtype=torch.float64)
    excited = (probability_angles(x) / 2).sin() ** 2
    torch.testing.assert_close(excited, x, atol=1e-12, rtol=0)


def test_probability_gradient_is_finite_with_a_margin_and_right_inside() -> None:
    x = torch.tensor([0.1, 0.5, 0.8], dtype=torch.float64, requires_grad=True)
    gradcheck(probability_angles, x, atol=1e-6)
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(probability_angles(ends, margin=1e-6).sum(), ends)
    assert torch.isfinite(grad).all()
    excited = (probability_angles(ends, margin=1e-6) / 2).sin() ** 2
    torch.testing.assert_close(excited, ends, atol=1.001e-6, rtol=0)


@pytest.mark.parametrize(("size", "padded"), [(1, 2), (2, 2), (3, 4), (9, 16), (16, 16), (17, 32)])
def test_amplitudes_of_any_size_return(size: int, padded: int) -> None:
    torch.manual_seed(size)
    x = torch.randn(5, size, dtype=torch.float64)
    state, norm = amplitudes(x)
    assert state.shape == (5, padded) == (5, padded_size(size))
    torch.testing.assert_close(state.square().sum(-1), torch.ones(5, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(norm[:, None] * state[:, :size], x, atol=1e-12, rtol=0)
    assert (state[:, size:] == 0).all()


def test_a_zero_image_has_a_state_and_no_gradient() -> None:
    x = torch.zeros(2, 5, requires_grad=True)
    state, norm = amplitudes(x)
    assert state.detach().tolist() == [[1.0] + [0.0] * 7] * 2
    assert norm.tolist() == [0.0, 0.0]
    (grad,) = torch.autograd.grad((state * torch.randn(2, 8)).sum(), x)
    assert (grad == 0).all()


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_amplitudes_do_not_overflow(scale: float) -> None:
    state, norm = amplitudes(scale * torch.tensor([3.0, 4.0]))
    torch.testing.assert_close(state, torch.tensor([0.6, 0.8]))
    torch.testing.assert_close(norm / scale, torch.tensor(5.0))


def test_amplitude_gradients() -> None:
    torch.manual_seed(0)
    gradcheck(amplitudes, torch.randn(3, 5, dtype=torch.float64, requires_grad=True), atol=1e-6)


def test_coherent_states_hold_alpha_squared_quanta() -> None:
    alpha = torch.tensor([-1.2, 0.0, 0.3, 2.0], dtype=torch.float64, requires_grad=True)
    state = coherent_state(alpha, 60)
    chance = state.square()
    torch.testing.assert_close(chance.sum(-1), torch.ones_like(alpha), atol=1e-12, rtol=0)
    torch.testing.assert_close(chance @ torch.arange(60.0, dtype=torch.float64), alpha**2, atol=1e-12, rtol=0)
    gradcheck(lambda a: coherent_state(a, 6), alpha, atol=1e-6)


@pytest.mark.parametrize("angles", [probability_angles, signed_angles, chebyshev_angles])
def test_a_margin_changes_no_angle(angles: Callable[..., torch.Tensor]) -> None:
    x = torch.tensor([0.0, 1e-9, 1e-4, 0.3, 1 - 1e-9, 1.0], dtype=torch.float64)
    torch.testing.assert_close(angles(x, 1e-6), angles(x), atol=1e-15, rtol=0)
    inside = torch.tensor([1e-4, 0.4, 0.9], dtype=torch.float64, requires_grad=True)
    slopes = [torch.autograd.grad(angles(inside, margin).sum(), inside)[0] for margin in (0.0, 1e-6)]
    assert torch.equal(*slopes)


def test_signed_angles_are_odd_and_chebyshev_angles_are_the_arc_of_the_cosine() -> None:
    x = torch.tensor([-1.0, -0.3, 0.0, 0.7], dtype=torch.float64)
    torch.testing.assert_close(signed_angles(x), -signed_angles(-x))
    torch.testing.assert_close(chebyshev_angles(x).cos(), x, atol=1e-15, rtol=0)
