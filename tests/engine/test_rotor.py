"""The rotor near rest, where its features come from a series: values and gradients against the exponential itself."""

from __future__ import annotations

import pytest
import torch
from scipy.linalg import expm

import qdl
from qdl.ir import Circuit, Param

v = Param("v", 3)
PAULIS = torch.tensor([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=torch.complex128)


@pytest.mark.parametrize("length", [0.0, 1e-9, 1e-3, 0.03, 0.0316, 0.0317, 0.05, 1.0, 6.0])
def test_a_rotor_is_the_exponential_at_any_length(length: float) -> None:
    axis = length * torch.tensor([0.48, -0.6, 0.64], dtype=torch.float64)
    expected = torch.tensor(expm(-0.5j * torch.einsum("k,kij->ij", axis + 0j, PAULIS).numpy()))
    found = qdl.state(Circuit(1).rv(v[0], v[1], v[2], 0), {"v": axis})
    assert (found - expected[:, 0]).abs().max() < 1e-14


@pytest.mark.parametrize("length", [0.0, 1e-9, 1e-3, 0.03, 0.0317, 1.0])
def test_its_gradient_is_that_of_the_exponential(length: float) -> None:
    axis = (length * torch.tensor([0.48, -0.6, 0.64], dtype=torch.float64)).requires_grad_()
    whole = torch.linalg.matrix_exp(-0.5j * torch.einsum("k,kij->ij", axis + 0j, PAULIS))
    start = torch.tensor([0.6, 0.8], dtype=torch.complex128)
    psi = whole @ start
    expected = torch.autograd.grad((psi.conj() @ PAULIS[2] @ psi).real, axis)[0]
    made = Circuit(1).prepare([0.6, 0.8], 0).rv(v[0], v[1], v[2], 0)
    found = torch.autograd.grad(qdl.expval(made, qdl.Z(0), {"v": axis}), axis)[0]
    assert (found - expected).abs().max() < 1e-11
