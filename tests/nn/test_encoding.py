"""Encodings: the state is the one that the circuit leaves, and its derivatives are finite where a formula's are not."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

import qdl
from qdl.errors import QdlError, UnsupportedError, ValuesError
from qdl.nn.encoding import ENCODINGS, Encoding, FourierEncoding, encoding_of
from tests import oracle

DOUBLE = {"dtype": torch.float64}
ALL = sorted(ENCODINGS)


def of(name: str, features: int = 3, engine: str = "closed") -> Encoding:
    """An encoding with its defaults, but for frequencies that are no whole numbers."""
    trained = DOUBLE if name in ("chebyshev", "fourier") else {}
    made = ENCODINGS[name](features, engine=engine, **trained)
    for parameter in made.parameters():
        parameter.data += 0.3
    return made


def numbers(features: int = 3) -> Tensor:
    return torch.rand(2, 5, features, generator=torch.Generator().manual_seed(3), **DOUBLE) * 0.9 + 0.05


@pytest.mark.parametrize("name", ALL)
def test_the_state_is_the_circuits(name: str) -> None:
    closed, circuit, x = of(name), of(name, engine="state"), numbers()
    found = closed(x)
    assert found.shape == (2, 5, 2**closed.wires)
    torch.testing.assert_close(found.abs().square().sum(-1), torch.ones(2, 5, **DOUBLE), atol=1e-12, rtol=0)
    torch.testing.assert_close(found, circuit(x), atol=1e-12, rtol=0)
    values = {"x": closed.values(x[1, 2]).detach().numpy()}
    expected = torch.as_tensor(oracle.state(closed.circuit, values))
    torch.testing.assert_close(found[1, 2], expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ALL)
def test_its_gradients_are_the_circuits(name: str) -> None:
    grads = []
    for engine in ("closed", "state"):
        made, x = of(name, engine=engine), numbers().requires_grad_()
        state = made(x)
        cotangent = torch.randn(state.shape, generator=torch.Generator().manual_seed(1), dtype=torch.complex128)
        grads.append(torch.autograd.grad(state, [x, *made.parameters()], cotangent))
    for found, expected in zip(*grads, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("cell", "name", "arguments"),
    [
        ("angle", "angle", {}),
        ("angle_x", "angle", {"rotation": "x", "scale": 1.0}),
        ("angle_z", "angle", {"rotation": "z", "scale": 1.0}),
        ("dense_angle", "dense_angle", {}),
        ("iqp_1", "iqp", {}),
        ("iqp_2", "iqp", {"repetitions": 2}),
        ("iqp_ring", "iqp", {"pairs": "ring"}),
        ("zz", "zz", {}),
        ("zz_linear", "zz", {"pairs": "linear"}),
    ],
)
def test_it_is_the_cell_of_the_library(cell: str, name: str, arguments: dict[str, object]) -> None:
    circuit = qdl.cell(cell)
    x = numbers(circuit.params[0].size)
    found = ENCODINGS[name](x.shape[-1], **arguments)(x)
    torch.testing.assert_close(found, qdl.state(circuit, {"x": x}), atol=1e-12, rtol=0)


@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize(("name", "ends"), [("probability", (0, 1)), ("signed", (-1, 0, 1)), ("chebyshev", (-1, 1))])
def test_at_singular_points_states_are_exact_and_derivatives_zero(
    name: str, ends: tuple[float, ...], engine: str
) -> None:
    # 0.3 keeps its true derivative beside them.
    made = ENCODINGS[name](1, engine=engine, **(DOUBLE if name == "chebyshev" else {}))
    x = torch.tensor([[float(end)] for end in ends] + [[0.3]], **DOUBLE).requires_grad_()
    state = made(x)
    excited = state[:, 1].abs().square()
    expected = (1 - x[:, 0]) / 2 if name == "chebyshev" else x[:, 0].abs()
    torch.testing.assert_close(excited, expected, atol=1e-12, rtol=0)
    (grad,) = torch.autograd.grad(state.real.sum(), x)
    assert (grad[:-1] == 0).all()
    step = torch.zeros_like(x)
    step[-1] = 1e-6
    slope = (made(x + step) - made(x - step)).real.sum() / 2e-6
    torch.testing.assert_close(grad[-1, 0], slope, atol=1e-6, rtol=0)


def test_a_probability_that_rounding_put_outside_its_range_is_taken() -> None:
    state = of("probability")(torch.tensor([1 + 1e-14, -1e-14, 0.5], **DOUBLE))
    assert state.isfinite().all()


def test_signs_are_phases_and_large_samples_are_scaled() -> None:
    made = of("signed", 2)
    state = made(torch.tensor([[-2.0, 0.5], [-1.0, 0.25]], **DOUBLE)).real
    torch.testing.assert_close(state[0], state[1], atol=1e-12, rtol=0)
    torch.testing.assert_close(state[0], torch.tensor([0, 0, -(0.75**0.5), -0.5], **DOUBLE), atol=1e-12, rtol=0)


def test_frequencies_give_cosines_and_chebyshev_polynomials() -> None:
    x = torch.linspace(-0.95, 0.95, 7, **DOUBLE)[:, None]
    z = torch.tensor([[1, 1, -1, -1], [1, -1, 1, -1]], **DOUBLE).mT
    for name, expected in (("fourier", [x.cos(), (2 * x).cos()]), ("chebyshev", [x, 2 * x**2 - 1])):
        made = ENCODINGS[name](1, copies=2, **DOUBLE)
        found = made(x).abs().square() @ z
        torch.testing.assert_close(found, torch.cat(expected, -1), atol=1e-12, rtol=0)


def test_a_coherent_state_holds_alpha_squared_quanta_in_each_mode() -> None:
    alpha = torch.tensor([0.4, -1.1], **DOUBLE)
    chance = ENCODINGS["coherent"](2, levels=32)(alpha).abs().square().reshape(32, 32)
    quanta = torch.arange(32, **DOUBLE)
    found = torch.stack((chance.sum(1) @ quanta, chance.sum(0) @ quanta))
    torch.testing.assert_close(found, alpha**2, atol=1e-12, rtol=0)


def test_many_steps_of_the_chain_are_its_continuous_evolution() -> None:
    x = torch.tensor([0.7, -0.4, 0.2], **DOUBLE)
    bonds = [
        sum(oracle.word("I" * i + pauli * 2 + "I" * (2 - i)) for pauli in "XYZ") * strength
        for i, strength in enumerate(x.tolist())
    ]
    start = ENCODINGS["hamiltonian"](3)(torch.zeros(3, **DOUBLE))
    expected = torch.as_tensor(oracle.expm(sum(bonds), 1.5)) @ start
    errors = [(ENCODINGS["hamiltonian"](3, time=1.5, steps=steps)(x) - expected).norm() for steps in (50, 100)]
    assert errors[0] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.05)  # first order in time


def test_trained_frequencies_fit_a_cosine_that_fixed_ones_cannot() -> None:
    torch.manual_seed(0)
    x = torch.linspace(-3, 3, 64)[:, None]
    target = (1.7 * x[:, 0]).cos()
    made = FourierEncoding(1)
    optimizer = torch.optim.Adam(made.parameters(), lr=0.05)
    for _ in range(60):
        chance = made(x).abs().square()
        loss = (chance[:, 0] - chance[:, 1] - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert made.frequency.item() == pytest.approx(1.7, abs=0.01)
    assert loss < 1e-3


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: of("angle")(torch.rand(2, 4)), ValuesError, r"wrong shape.*got \(2, 4\), expected \(\*batch, 3\)"),
        (lambda: of("angle")(torch.tensor(1.0)), ValuesError, "wrong shape"),
        (lambda: of("angle")(torch.ones(3, dtype=torch.int64)), ValuesError, "precision"),
        (lambda: of("fourier")(torch.rand(3)), ValuesError, "precision is not the layer's"),
        (lambda: of("iqp")(torch.tensor([0.0, float("nan"), 1.0])), ValuesError, "NaN"),
        (lambda: of("probability")(torch.tensor([0.0, -0.1, 1.0])), ValuesError, "numbers between -0.1 and 1"),
        (lambda: of("chebyshev")(torch.tensor([0.0, 1.1, 1.0], **DOUBLE)), ValuesError, "rescale"),
        (lambda: ENCODINGS["hamiltonian"](3, time="a"), ValuesError, "the time makes no sense: got 'a'"),
        (lambda: ENCODINGS["hamiltonian"](3, seed="a"), ValuesError, "seed makes no sense: got 'a'"),
        (lambda: ENCODINGS["angle"](0), ValuesError, "features makes no sense: got 0"),
        (lambda: ENCODINGS["angle"](2, rotation="w"), ValuesError, "unknown axis"),
        (lambda: ENCODINGS["coherent"](2, levels=6), ValuesError, "power of two"),
        (lambda: ENCODINGS["zz"](3, pairs="some"), ValuesError, "unknown pairs"),
        (lambda: ENCODINGS["probability"](3, margin=0.7), ValuesError, "margin"),
        (lambda: ENCODINGS["fourier"](3, dtype=torch.float16), ValuesError, "precision"),
        (lambda: ENCODINGS["angle"](2, shots=10), UnsupportedError, "no options"),
        (lambda: ENCODINGS["angle"](2, engine="density"), UnsupportedError, "no amplitudes"),
        (lambda: ENCODINGS["angle"](2, engine="state", shot=1), UnsupportedError, "unknown options"),
        (lambda: encoding_of("angel", 2), UnsupportedError, "unknown encoding"),
        (lambda: encoding_of(of("angle"), 2), ValuesError, "another number of features"),
    ],
)
def test_what_cannot_be_encoded_is_refused(make: object, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(("name", "features"), product(ALL, (1, 2, 5)))
def test_any_number_of_features(name: str, features: int) -> None:
    if (name, features) == ("coherent", 5):
        features = 4
    made = encoding_of(name, features, **DOUBLE)
    assert made(numbers(features)).shape == (2, 5, 2**made.wires)
    assert [param.name for param in made.circuit.params] == ["x"]


@pytest.mark.parametrize("name", ["iqp", "zz"])
def test_phases_are_found_again_after_a_birth_without_storage(name: str) -> None:
    with torch.device("meta"):
        born = ENCODINGS[name](3)
    born.to_empty(device="cpu").reset_parameters()
    x = torch.rand(4, 3, dtype=torch.float64)
    torch.testing.assert_close(born(x), ENCODINGS[name](3)(x), rtol=0, atol=0)
