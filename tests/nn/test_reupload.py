"""Data re-uploading: the circuit it builds, the Fourier series it is, and that it can be trained."""

from __future__ import annotations

from math import pi
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import CircuitError, QdlError, UnsupportedError, ValuesError
from qdl.nn import AngleEncoding, DataReuploading, FourierEncoding, configure
from tests import oracle

DOUBLE = {"dtype": torch.float64}


def coefficients(model: nn.Module, points: int) -> Tensor:
    """|c_k| of the outputs as Fourier series in one number of period 2 pi, k = 0, 1, ..."""
    x = 2 * pi * torch.arange(points, **DOUBLE) / points
    return (torch.fft.rfft(model(x[:, None]), dim=0) / points).abs().detach()


@pytest.mark.parametrize("rotation", ["x", "y", "z"])
@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_layers_give_a_fourier_series_of_exactly_their_degree(layers: int, rotation: str) -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        model = DataReuploading(1, layers, AngleEncoding(1, rotation, scale=1.0), **DOUBLE)
        found = coefficients(model, 4 * layers + 5)
        assert found[layers + 1 :].max() < 1e-12
        assert found[layers].max() > 1e-6


def test_several_wires_add_their_degrees() -> None:
    read = [qdl.X(0) @ qdl.X(1), qdl.Y(1) @ qdl.Z(2), qdl.Z(0) @ qdl.Z(1), qdl.X(2) @ qdl.Y(0), qdl.Y(1)]
    model = DataReuploading(1, 2, FourierEncoding(1, copies=3, **DOUBLE), observables=read, **DOUBLE)
    model.encoding.frequency.data.fill_(1.0)
    found = coefficients(model, 31)
    assert found[7:].max() < 1e-12
    assert found[6].max() > 1e-6


def test_the_circuit_is_block_encoding_block() -> None:
    block = qdl.Circuit(2).crx(qdl.Param("w", 1)[0], 0, 1).ry(qdl.Param("v", 2)[1], 0)
    model = DataReuploading(2, 2, "angle", block, [qdl.Z(0) @ qdl.X(1), qdl.Y(1)], **DOUBLE)
    theta = model.layer.weights.theta
    assert theta.shape == (9,)  # three angles in each of three blocks
    x = torch.tensor([0.3, 0.8], **DOUBLE)
    values = {"x": x.numpy(), "theta": theta.detach().numpy()}
    hand = qdl.Circuit(2)
    w, angle = qdl.Param("theta", 9), qdl.Param("x", 2)
    for k in range(3):
        if k:
            hand.ry(pi * angle[0], 0).ry(pi * angle[1], 1)
        hand.crx(w[3 * k], 0, 1).ry(w[3 * k + 2], 0)
    expected = oracle.expval(hand, [qdl.Z(0) @ qdl.X(1), qdl.Y(1)], values)
    torch.testing.assert_close(model(x), torch.as_tensor(expected), atol=1e-12, rtol=0)


def test_small_cells_are_tiled_and_cells_without_angles_do() -> None:
    assert DataReuploading(3, 1, block="su4").layer.weights.theta.shape == (2 * 3 * 15,)
    plain = DataReuploading(2, 3, "iqp", qdl.Circuit(2).h(0).cx(0, 1))
    assert dict(plain.layer.weights) == {}
    assert plain(torch.rand(4, 2)).shape == (4, 2)
    assert DataReuploading(2, observables=qdl.Z(1))(torch.rand(4, 3, 2)).shape == (4, 3)


def test_its_own_frequencies_are_trained_and_it_can_be_configured() -> None:
    torch.manual_seed(0)
    model = DataReuploading(1, 2, "fourier", observables=qdl.Z(0), **DOUBLE)
    x = torch.linspace(-2, 2, 40, **DOUBLE)[:, None]
    target = 0.8 * (1.4 * x[:, 0]).sin()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(120):
        loss = (model(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 1e-3
    assert abs(model.encoding.frequency.item() - 1) > 0.05
    exact = model(x).detach()
    configure(model, shots=20000, seed=3)
    noisy = model(x)
    assert not torch.equal(noisy, exact)
    assert (noisy - exact).abs().max() < 5 / 20000**0.5


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: DataReuploading(2, 0), ValuesError, "layers makes no sense"),
        (lambda: DataReuploading(0), ValuesError, "features makes no sense"),
        (lambda: DataReuploading(3, encoding=AngleEncoding(2)), ValuesError, "another number of features"),
        (lambda: DataReuploading(2, encoding="amplitude"), UnsupportedError, "prepares amplitudes cannot be repeated"),
        (lambda: DataReuploading(2, encoding="coherent"), UnsupportedError, "prepares amplitudes"),
        (lambda: DataReuploading(2, block=qdl.Circuit(3)), CircuitError, "larger than the encoding"),
        (lambda: DataReuploading(2, block="su5"), CircuitError, "unknown cell"),
        (lambda: DataReuploading(2)(torch.rand(3)), ValuesError, "wrong shape"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
