"""The door: one function per thing a user asks for.

Every function takes a circuit, what to read, values for the Params, and the same keyword options. It builds a
`Compiled`, keeps it, and calls it. Shapes follow numpy: a value of shape (size,) is shared by the batch, (*batch, size)
is per sample, and batch dimensions broadcast.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from qdl.errors import CircuitError, ValuesError
from qdl.ir import Circuit, NoiseModel, Observable
from qdl.measure.binomial import binomial
from qdl.run.compiled import Compiled
from qdl.run.noisy import readout_only
from qdl.run.options import Options
from qdl.run.outcomes import Probs, Sample
from qdl.run.states import Density, State
from qdl.run.words import Estimate, Estimates, Words

__all__ = [
    "Compiled",
    "Estimate",
    "Options",
    "binomial",
    "compile",
    "counts",
    "density",
    "estimate",
    "explain",
    "expval",
    "probs",
    "readout_only",
    "sample",
    "state",
    "var",
]

_CACHE: OrderedDict[Any, Compiled] = OrderedDict()
_CACHE_SIZE = 256


def _cached(kind: str, circuit: Circuit, key: Any, options: Mapping[str, Any], make: Callable[[Options], Any]) -> Any:
    """The compiled request of this key, made if it is not among the latest. The seed is no part of it."""
    if torch.compiler.is_compiling():  # Dynamo would guard every key of the cache
        return torch.compiler.disable(_cached)(kind, circuit, key, options, make)
    _check_circuit(circuit)
    try:
        plain = {name: value.key if isinstance(value, NoiseModel) else value for name, value in options.items()}
        full = (kind, circuit.key, key, tuple(sorted((k, v) for k, v in plain.items() if k != "seed")))
        found = _CACHE.get(full)
    except TypeError:  # an option that cannot be hashed: checked and planned anew
        return make(Options.make(options))
    if found is None:
        found = _CACHE[full] = make(replace(Options.make(options), seed=None))
        while len(_CACHE) > _CACHE_SIZE:
            _CACHE.popitem(last=False)
    else:
        _CACHE.move_to_end(full)
    return found


def compile(circuit: Circuit, observables: Any, **options: Any) -> Compiled:
    """Plan expectation values once; the result is called with values.

    Parameters
    ----------
    circuit : Circuit
    observables : Observable or sequence of Observable
    **options
        See `Options`.

    Returns
    -------
    Compiled
        ``compiled(values)`` is `expval` of the same circuit, (*batch, n_observables) or (*batch,).

    Examples
    --------
    >>> import qdl
    >>> x = qdl.Param("x", 1)
    >>> f = qdl.compile(qdl.Circuit(1).rx(x[0], 0), qdl.Z(0))
    >>> f({"x": [0.0]})
    tensor(1.)
    """
    _check_circuit(circuit)
    return Words(circuit, _listed(observables), Options.make(options))


def expval(circuit: Circuit, observables: Any, values: Mapping[str, Any] | None = None, **options: Any) -> Tensor:
    """Expectation values <psi|O|psi>.

    Parameters
    ----------
    circuit : Circuit
    observables : Observable or sequence of Observable
    values : dict, optional
        Param name to numbers of shape (size,) or (*batch, size).
    **options
        See `Options`. With ``shots``, estimates: words that commute on every wire are read from the same shots.

    Returns
    -------
    Tensor, (*batch, n_observables) real; (*batch,) for one bare observable

    Examples
    --------
    >>> import qdl
    >>> x = qdl.Param("x", 2)
    >>> c = qdl.Circuit(2).ry(x[0], 0).cx(0, 1).rx(x[1], 1)
    >>> qdl.expval(c, [qdl.Z(0), qdl.Z(1)], {"x": [[0.0, 0.0], [3.141592653589793, 0.0]]})
    tensor([[ 1.,  1.],
            [-1., -1.]])
    """
    observables = _listed(observables)
    found = _cached("expval", circuit, _key(observables), options, lambda o: Words(circuit, observables, o))
    return found(values, seed=options.get("seed"))


def estimate(circuit: Circuit, observables: Any, values: Mapping[str, Any] | None = None, **options: Any) -> Estimate:
    """Expectation values with their standard errors; as `expval`.

    Returns
    -------
    Estimate
        ``value``, what `expval` returns, and ``error``, its standard error from the spread of shots or of trajectories;
        zero where values are exact.

    Examples
    --------
    >>> import qdl
    >>> found = qdl.estimate(qdl.Circuit(1).h(0), qdl.Z(0), shots=10000, seed=0)
    >>> bool(abs(found.value) < 4 * found.error), round(found.error.item(), 3)
    (True, 0.01)
    """
    observables = _listed(observables)
    found = _cached("estimate", circuit, _key(observables), options, lambda o: Estimates(circuit, observables, o))
    estimated: Estimate = found(values, seed=options.get("seed"))
    return estimated


def var(circuit: Circuit, observables: Any, values: Mapping[str, Any] | None = None, **options: Any) -> Tensor:
    """Variances <O^2> - <O>^2; as `expval`.

    Examples
    --------
    >>> import qdl
    >>> qdl.var(qdl.Circuit(1).h(0), qdl.Z(0))
    tensor(1.)
    """
    found = _cached("var", circuit, _key(observables), options, lambda o: Words(circuit, observables, o, square=True))
    return found(values, seed=options.get("seed"))


def probs(circuit: Circuit, values: Mapping[str, Any] | None = None, wires: Any = None, **options: Any) -> Tensor:
    """Probabilities of bit strings.

    Parameters
    ----------
    wires : sequence of int and str, optional
        What is read, the first being the most significant bit: wires, and bits by their names; all wires by default.

    Returns
    -------
    Tensor, (*batch, 2**len(wires)) real

    Examples
    --------
    >>> import qdl
    >>> qdl.probs(qdl.Circuit(2).x(0), wires=[0])
    tensor([0., 1.])
    """
    chosen = _chosen(wires, circuit)
    return _cached("probs", circuit, chosen, options, lambda o: Probs(circuit, chosen, o))(
        values, seed=options.get("seed")
    )


def state(circuit: Circuit, values: Mapping[str, Any] | None = None, **options: Any) -> Tensor:
    """The amplitudes, wire 0 being the most significant bit of their index, global phase included.

    Returns
    -------
    Tensor, (*batch, 2**wires) complex

    Examples
    --------
    >>> import qdl
    >>> qdl.state(qdl.Circuit(1).x(0))
    tensor([0.+0.j, 1.+0.j])
    """
    return _cached("state", circuit, None, options, lambda o: State(circuit, o))(values)


def density(circuit: Circuit, values: Mapping[str, Any] | None = None, wires: Any = None, **options: Any) -> Tensor:
    """The reduced density matrix of some wires, the others traced out.

    Parameters
    ----------
    wires : sequence of int, optional
        The wires kept, the first being the most significant; all by default.

    Returns
    -------
    Tensor, (*batch, 2**k, 2**k) complex

    Examples
    --------
    >>> import qdl
    >>> qdl.density(qdl.Circuit(2).h(0).cx(0, 1), wires=[1]).real
    tensor([[0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    chosen = _chosen(wires, circuit, named=False)
    return _cached("density", circuit, chosen, options, lambda o: Density(circuit, chosen, o))(values)


def sample(
    circuit: Circuit, values: Mapping[str, Any] | None = None, shots: int = 1000, wires: Any = None, **options: Any
) -> Tensor:
    """Measured bit strings.

    Parameters
    ----------
    wires : sequence of int and str, optional
        Wires, and bits by their names, in the order of the columns; all wires by default.

    Returns
    -------
    Tensor, (*batch, shots, wires) int8, wire 0 first

    Examples
    --------
    >>> import qdl
    >>> qdl.sample(qdl.Circuit(2).x(0), shots=2, seed=1)
    tensor([[1, 0],
            [1, 0]], dtype=torch.int8)
    """
    if shots is None:
        raise ValuesError("a sample needs a number of shots", got="None", do="pass shots=, or read qdl.probs")
    options = {**options, "shots": shots}
    chosen = _chosen(wires, circuit)
    return _cached("sample", circuit, chosen, options, lambda o: Sample(circuit, chosen, o))(
        values, seed=options.get("seed")
    )


def counts(
    circuit: Circuit, values: Mapping[str, Any] | None = None, shots: int = 1000, wires: Any = None, **options: Any
) -> Any:
    """How often each bit string was measured.

    Parameters
    ----------
    wires : sequence of int and str, optional
        Wires, and bits by their names, from left to right; all wires by default. ``c.bits`` reads what was measured.

    Returns
    -------
    dict, or a flat list of dicts for a batch
        Bit string, wire 0 leftmost, to count, in ascending order of the strings.

    Examples
    --------
    >>> import qdl
    >>> qdl.counts(qdl.Circuit(2).x(1), shots=5, seed=1)
    {'01': 5}
    """
    bits = sample(circuit, values, shots, wires, **options)
    tables = [_count(rows) for rows in bits.reshape(-1, *bits.shape[-2:])]
    return tables[0] if bits.dim() == 2 else tables


def explain(
    circuit: Circuit,
    observables: Any,
    values: Mapping[str, Any] | None = None,
    measure: bool = True,
    **options: Any,
) -> str:
    """The plan of `expval` at these values, as a table.

    Of each part it shows how it is carried out, its steps with wires, flops and bytes (forward), the predicted and the
    measured time of values and gradients, what the flops and bytes would take at the machine's limits, and what else
    was considered.

    Parameters
    ----------
    circuit, observables, values
        As in `expval`.
    measure : bool
        Whether to run each part a few times at these values; without, only predictions are shown.
    **options
        See `Options`.

    Examples
    --------
    >>> import qdl
    >>> text = qdl.explain(qdl.Circuit(2).h(0).cx(0, 1), qdl.X(1), measure=False, strategy="windows", width=2)
    >>> for line in text.splitlines()[4:8]:
    ...     print(line)
    part 0: 1 block as matrix products on wires 0 1
      step                 wires  flops  bytes  predicted  measured
      product state        0 1       24     32          -         -
      block, constant      0 1      128     64    ... us         -
    """
    from qdl.run import explained  # not needed by a model that runs

    return explained.explain(compile(circuit, observables, **options), values, measure)


def _count(rows: Tensor) -> dict[str, int]:
    strings, numbers = torch.unique(rows, dim=0, return_counts=True)
    return {"".join(map(str, s)): n for s, n in zip(strings.tolist(), numbers.tolist(), strict=True)}


def _listed(observables: Any) -> Observable | tuple[Observable, ...]:
    """One observable, or a tuple of them."""
    if isinstance(observables, Observable):
        return observables
    if not isinstance(observables, Iterable) or isinstance(observables, (str, Mapping)):
        got = type(observables).__name__
        raise CircuitError("not an observable", got=got, expected="an Observable or a sequence of them")
    listed = tuple(observables)
    for observable in listed:
        if not isinstance(observable, Observable):
            raise CircuitError("not an observable", got=type(observable).__name__, expected="qdl.Z(0), sums, products")
    return listed


def _key(observables: Observable | tuple[Observable, ...]) -> Any:
    return observables.key if isinstance(observables, Observable) else tuple(o.key for o in observables)


def _check_circuit(circuit: Any) -> None:
    if not isinstance(circuit, Circuit):
        raise CircuitError("the first argument must be a qdl.Circuit", got=type(circuit).__name__)


def _chosen(wires: Any, circuit: Any, named: bool = True) -> tuple[int | str, ...]:
    """Checked wires, and where `named` bits, to read; all wires by default."""
    _check_circuit(circuit)
    if wires is None:
        return tuple(range(circuit.wires))
    listed = [wires] if isinstance(wires, (int, str)) else list(wires)
    bits = [name for name in listed if isinstance(name, str)]
    unknown = [bit for bit in bits if bit not in circuit.bits]
    if unknown or (bits and not named):
        known = f"wires{', or bits: ' + ', '.join(circuit.bits) if named else ''}"
        raise CircuitError("no such bit to read", got=unknown or bits, expected=known)
    if len(set(bits)) != len(bits):
        raise CircuitError("bits are read once each", got=bits)
    circuit.check_wires("wires", [wire for wire in listed if not isinstance(wire, str)])
    chosen = tuple(wire if isinstance(wire, str) else int(wire) for wire in listed)
    if not chosen:
        raise CircuitError("no wires to read", do="leave wires out to read all")
    return chosen
