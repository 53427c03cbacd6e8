"""How far qdl is from its references on one random case: tests bound it, `python -m tests.accuracy` prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

import qdl
from tests import oracle
from tests.strategies import Case

STATE_ERROR = {torch.float64: 1e-10, torch.float32: 2e-5}  # what the library promises for the largest difference
GRADIENT_ERROR = {"autograd": 1e-9, "shift": 1e-9, "finite": 1e-5, "oracle": 1e-6}  # to adjoint, relative
KINDS = ("state", "probs", "marginals", "expval", "var")
Values = dict[str, Tensor]
Function = Callable[[Values], Tensor]


def distance(found: Any, expected: Any) -> float:
    """The largest difference of two arrays, which must have one shape and no NaN."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
    assert np.isfinite(found).all(), "NaN or infinity in the result"
    return float(np.abs(found - expected).max(initial=0))


def forward(case: Case, dtype: torch.dtype = torch.float64, **forced: Any) -> dict[str, float]:
    """The largest error of every kind of result; that of an observable relative to its norm beyond 1.

    `forced` are options that force a strategy of the planner.
    """
    own, everything = case.own(dtype), case.all(dtype)
    psi = oracle.states(case.circuit, own)
    order = list(range(case.circuit.wires))
    some = order[::-2]
    mean, square, norm = oracle.moments(case.circuit, case.observables, everything)
    norm = np.maximum(norm, 1)
    named = {**forced, "dtype": dtype}
    options = forced if everything else named  # without values nothing else says which precision is meant
    state = qdl.state(case.circuit, own, **named)
    assert state.dtype == dtype.to_complex()
    found = {
        "probs": (qdl.probs(case.circuit, own, **named), oracle.probs(psi, order), 1),
        "marginals": (qdl.probs(case.circuit, own, some, **named), oracle.probs(psi, some), 1),
        "expval": (qdl.expval(case.circuit, case.observables, everything, **options), mean, norm),
        "var": (qdl.var(case.circuit, case.observables, everything, **options), square - mean**2, norm**2),
    }
    assert {name: one.dtype for name, (one, _, _) in found.items()} == dict.fromkeys(found, dtype)
    errors = {name: distance(one.numpy() / scale, truth / scale) for name, (one, truth, scale) in found.items()}
    return {"state": distance(state, psi), **errors}


def requests(case: Case, method: str) -> dict[str, Function]:
    """What can be asked of a case with a gradient method, as functions of its values; amplitudes as pairs of reals."""

    def own(values: Values) -> Values:
        return {p.name: values[p.name] for p in case.circuit.params}

    made: dict[str, Function] = {
        "expval": lambda values: qdl.expval(case.circuit, case.observables, values, grad=method),
        "probs": lambda values: qdl.probs(case.circuit, own(values), dtype=torch.float64, grad=method),
    }
    if method in ("adjoint", "autograd"):
        made["var"] = lambda values: qdl.var(case.circuit, case.observables, values, grad=method)
        made["state"] = lambda values: torch.view_as_real(
            qdl.state(case.circuit, own(values), dtype=torch.float64, grad=method)
        )
    return made


def leaves(values: Mapping[str, Tensor]) -> Values:
    """The same values, each wanting a gradient."""
    return {name: value.detach().clone().requires_grad_() for name, value in values.items()}


def cotangent(out: Tensor, seed: int) -> Tensor:
    """A random cotangent that depends on nothing but shape and seed."""
    return torch.randn(out.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(out.dtype)


def gradient(function: Function, values: Mapping[str, Tensor], seed: int = 0) -> Values:
    """The gradients of the result times a random cotangent with respect to every value; zero where nothing depends."""
    where = leaves(values)
    out = function(where)
    if not out.requires_grad:
        return {name: torch.zeros_like(value) for name, value in values.items()}
    found = torch.autograd.grad(out, list(where.values()), cotangent(out, seed), allow_unused=True)
    made = {name: torch.zeros_like(where[name]) if g is None else g for name, g in zip(where, found, strict=True)}
    for name, one in made.items():
        assert one.dtype == values[name].dtype, f"gradient of {name!r} is {one.dtype}"
    return made


def relative(found: Values, expected: Values) -> float:
    """The largest difference of gradients, relative to the largest of them where that is beyond 1."""
    scale = max([1.0, *(float(g.abs().max()) for g in expected.values() if g.numel())])
    return max([0.0, *(distance(found[name], expected[name]) / scale for name in expected)])


def gradients(case: Case, seed: int = 0) -> dict[str, float]:
    """The largest difference of each gradient method, and of finite differences of the oracle, from the adjoint's."""
    reference = {name: gradient(f, case.values, seed) for name, f in requests(case, "adjoint").items()}
    errors: dict[str, float] = {}
    for method in ("autograd", "shift", "finite"):
        for name, function in requests(case, method).items():
            error = relative(gradient(function, case.values, seed), reference[name])
            errors[method] = max(error, errors.get(method, 0.0))
    errors["oracle"] = max(slope_error(case, name, found, seed) for name, found in reference.items())
    return errors


def slope_error(case: Case, name: str, found: Values, seed: int) -> float:
    """The error of the gradients along a random direction, by finite differences of the oracle."""
    draw = np.random.default_rng(seed)
    values = {key: value.numpy() for key, value in case.values.items()}
    direction = {key: draw.normal(size=value.shape) for key, value in values.items()}
    length = np.sqrt(sum((d**2).sum() for d in direction.values())) or 1.0
    direction = {key: d / length for key, d in direction.items()}

    def loss(at: Mapping[str, Any]) -> float:
        out = torch.as_tensor(truth(case, name, at))
        return float((out * cotangent(out, seed)).sum())

    expected = oracle.slope(loss, values, direction)
    along = sum(float((found[key].numpy() * direction[key]).sum()) for key in found)
    return abs(along - expected) / max(1.0, abs(expected))


def truth(case: Case, name: str, values: Mapping[str, Any]) -> Any:
    """What the oracle says to one of the `requests`."""
    own = {p.name: values[p.name] for p in case.circuit.params}
    if name in ("expval", "var"):
        mean, square, _ = oracle.moments(case.circuit, case.observables, values)
        return mean if name == "expval" else square - mean**2
    psi = oracle.states(case.circuit, own)
    if name == "probs":
        return oracle.probs(psi, range(case.circuit.wires))
    return np.stack([psi.real, psi.imag], -1)
