"""Random circuits, values and observables, made to be unlike what one would write by hand.

`case` draws from a `random.Random`, seeded by hypothesis in the tests and by a counter in `python -m tests.accuracy`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from random import Random
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from qdl.ir import TABLE, Circuit, Hermitian, I, N, Observable, Param, X, Y, Z
from qdl.ir.channels import CHANNELS
from qdl.ir.params import arccos, arcsin, arctan, cos, exp, log, params_of, sin, sqrt, tan

BATCHES = [(), (), (1,), (3,), (4,), (2, 2), (2, 1, 2), (1, 3), (3, 1)]


@dataclass(frozen=True)
class Case:
    """A circuit, observables, and float64 values for every Param in either."""

    circuit: Circuit
    observables: list[Observable]
    values: dict[str, torch.Tensor]

    def own(self, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
        """The values of the circuit's own Params."""
        return {p.name: self.values[p.name].to(dtype) for p in self.circuit.params}

    def all(self, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
        """The values of all Params."""
        return {name: value.to(dtype) for name, value in self.values.items()}


def cases(wires: int, **options: Any) -> st.SearchStrategy[Case]:
    """Random cases on that many wires, for hypothesis."""
    lengths = st.integers(1, 3 + 5 * wires)
    return st.builds(
        lambda draw, length: case(draw, wires, length, **options), st.randoms(use_true_random=True), lengths
    )


def case(
    draw: Random,
    wires: int,
    length: int,
    gates: Sequence[str] = (),
    batches: Sequence[tuple[int, ...]] = BATCHES,
    prepared: bool = True,
) -> Case:
    """A random case; a smaller `length` gives the beginning of the same circuit, so that a failure can shrink.

    `gates` restricts it to these rows of the table; without it unitaries, controls and the like are drawn too.
    """
    numbers, entries, values = symbols(draw, batches)
    observables = [observable(draw, numbers, wires, entries) for _ in range(draw.randint(1, 4))]
    circuit = Circuit(wires)
    if prepared and not gates:
        prepare(draw, numbers, circuit, entries)
    while len(circuit) < length:
        operation(draw, numbers, circuit, entries, gates)
    return used(circuit, observables, values)


def symbols(
    draw: Random, batches: Sequence[tuple[int, ...]]
) -> tuple[np.random.Generator, list[Any], dict[str, torch.Tensor]]:
    """A source of numbers, the entries of some Params, and values for them."""
    numbers = np.random.default_rng(draw.getrandbits(32))
    names = draw.sample(["x", "theta", "phi", "w_0", "β"], draw.randint(1, 4))
    params = [Param(name, draw.randint(1, 3)) for name in names]
    batch = draw.choice(batches)
    values = {p.name: torch.tensor(numbers.uniform(-2, 2, (*part(draw, batch), p.size))) for p in params}
    return numbers, [entry for param in params for entry in param], values


def used(circuit: Circuit, observables: list[Observable], values: dict[str, torch.Tensor]) -> Case:
    """The case with the values that it needs."""
    coefficients = [c for o in observables for c in o.terms.values() if not isinstance(c, (int, float, complex))]
    names = {param.name for param in (*circuit.params, *params_of(coefficients))}
    return Case(circuit, observables, {name: value for name, value in values.items() if name in names})


def part(draw: Random, batch: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to `batch`: leading dimensions dropped, others set to 1."""
    kept = batch[draw.randint(0, len(batch)) :]
    return tuple(draw.choice([size, size, 1]) for size in kept)


def angle(draw: Random, numbers: np.random.Generator, entries: Sequence[Any]) -> Any:
    """A number, an entry of a Param or an expression; about two thirds carry a parameter."""
    kind = draw.randint(0, 5)
    if kind <= 1:
        return float(numbers.uniform(-4, 4))
    return draw.choice(entries) if kind <= 3 else expression(draw, entries, 2)


def expression(draw: Random, entries: Sequence[Any], depth: int) -> Any:
    """A smooth expression of moderate size for entries between -2 and 2."""
    if depth == 0:
        return draw.choice(entries)
    a, b = (expression(draw, entries, draw.randint(0, depth - 1)) for _ in "ab")
    c = draw.choice([-1.5, -1.0, 0.25, 2, 3.0])
    makers = [
        lambda: a * b,
        lambda: c * a + 0.5,
        lambda: a - b,
        lambda: c - b,
        lambda: -a + c * b,
        lambda: a / (2 + sin(b)),
        lambda: c / (3 - cos(a)),
        lambda: sin(a) ** 3,
        lambda: (2 + cos(a)) ** sin(b),
        lambda: 2 ** sin(a),
        lambda: tan(sin(a)) * cos(b),
        lambda: exp(sin(a)) - log(2 + cos(b)),
        lambda: sqrt(2 + sin(a * b)),
        lambda: arcsin(0.9 * sin(a)) + arccos(0.8 * cos(b)),
        lambda: arctan(a - b),
    ]
    return draw.choice(makers)()


def operation(
    draw: Random, numbers: np.random.Generator, circuit: Circuit, entries: Sequence[Any], gates: Sequence[str]
) -> None:
    """Add one operation: mostly a row of the table, sometimes under controls, a unitary or an evolution."""
    wires = draw.sample(range(circuit.wires), circuit.wires)
    kind = 9 if gates else draw.randint(0, 9)
    if kind == 0:
        k = draw.randint(1, min(3, len(wires)))
        circuit.unitary(unitary(numbers, 2**k), *wires[:k])
    elif kind == 1:
        time = angle(draw, numbers, entries)
        circuit.evolve(pauli_sum(draw, numbers, wires[: draw.randint(1, 3)]), time)
    else:
        free = draw.randint(0, min(2, len(wires))) if kind == 2 else 0
        fitting = [row for name, row in TABLE.items() if row.wires <= len(wires) - free and name in (gates or TABLE)]
        row = draw.choice(fitting)
        controls, targets = wires[:free], wires[free : free + row.wires]
        values = "".join(draw.choice("01") for _ in controls)
        angles = [angle(draw, numbers, entries) for _ in row.angles]
        circuit.gate(row.name, *angles, *targets, controls=controls, values=values)


def prepare(draw: Random, numbers: np.random.Generator, circuit: Circuit, entries: Sequence[Any]) -> None:
    """Sometimes give a few wires prepared amplitudes, some of them parameters, none all zero."""
    if draw.randint(0, 3):
        return
    wires = draw.sample(range(circuit.wires), draw.randint(1, min(2, circuit.wires)))
    amplitudes = [3 + sin(draw.choice(entries)), *(angle(draw, numbers, entries) for _ in range(2 ** len(wires) - 1))]
    circuit.prepare(draw.sample(amplitudes, len(amplitudes)), wires)


def unitary(numbers: np.random.Generator, size: int) -> Any:
    """A random unitary matrix."""
    return np.linalg.qr(numbers.normal(size=(size, size)) + 1j * numbers.normal(size=(size, size)))[0]


def hermitian(numbers: np.random.Generator, size: int) -> Any:
    """A random Hermitian matrix of norm about 1."""
    matrix = (numbers.normal(size=(size, size)) + 1j * numbers.normal(size=(size, size))) / size
    return (matrix + matrix.conj().T) / 2


def pauli_word(draw: Random, wires: Sequence[int]) -> Observable:
    """A product of Pauli letters on different wires, or the identity."""
    chosen = draw.sample(wires, draw.randint(0, min(4, len(wires))))
    return reduce(lambda a, b: a @ b, (draw.choice([X, Y, Z])(wire) for wire in chosen), I())


def pauli_sum(draw: Random, numbers: np.random.Generator, wires: Sequence[int]) -> Observable:
    """A sum of a few Pauli words with plain coefficients."""
    terms = [float(numbers.uniform(-1, 1)) * pauli_word(draw, wires) for _ in range(draw.randint(1, 3))]
    return reduce(lambda a, b: a + b, terms)


def observable(draw: Random, numbers: np.random.Generator, wires: int, entries: Sequence[Any]) -> Observable:
    """A letter, a sum of words, a Hermitian matrix beside a word, or a sum with parameters as coefficients."""
    order = draw.sample(range(wires), wires)
    kind = draw.randint(0, 4)
    if kind == 0:
        return draw.choice([X, Y, Z, N])(order[0])
    if kind == 1:
        k = draw.randint(1, min(3, wires))
        matrix = Hermitian(hermitian(numbers, 2**k), order[:k])
        return 0.5 * matrix @ pauli_word(draw, order[k:]) if order[k:] else matrix - 0.25
    total = pauli_sum(draw, numbers, order)
    return total if kind == 2 else total + pauli_word(draw, order) * expression(draw, entries, 1)


CHANNEL_NAMES = [*CHANNELS, "kraus"]


def strength(draw: Random, numbers: np.random.Generator, entries: Sequence[Any], most: float = 1.0) -> Any:
    """A probability: a number, or an expression that stays between 0 and `most`."""
    if not entries or draw.randint(0, 1):
        return most * float(draw.choice([0.0, 1.0, *numbers.uniform(0, 1, 6)]))
    return most * (0.5 + 0.45 * sin(expression(draw, entries, 1)))


def channel(draw: Random, numbers: np.random.Generator, circuit: Circuit, entries: Sequence[Any], name: str) -> None:
    """Add one channel of that name on drawn wires."""
    wires = draw.sample(range(circuit.wires), circuit.wires)
    if name == "reset":
        circuit.reset(wires[0])
    elif name == "kraus":
        k = draw.randint(1, min(2, len(wires)))
        parts = draw.randint(1, 3)
        tall = unitary(numbers, parts * 2**k)[:, : 2**k]
        circuit.kraus(tall.reshape(parts, 2**k, 2**k), *wires[:k])
    elif name == "thermal_relaxation":
        t1, time = strength(draw, numbers, entries) + 0.1, 2 * strength(draw, numbers, entries)
        t2 = 2 * t1 * (0.05 + 0.9 * strength(draw, numbers, entries))
        circuit.channel(name, t1, t2, time, strength(draw, numbers, entries), wires=wires[0])
    elif name == "depolarizing":
        k = draw.randint(1, min(2, len(wires)))
        circuit.channel(name, strength(draw, numbers, entries), wires=wires[:k])
    elif name == "pauli":
        k = draw.randint(1, min(2, len(wires)))
        parts = 4**k - 1
        circuit.channel(name, [strength(draw, numbers, entries, 1 / parts) for _ in range(parts)], wires=wires[:k])
    else:
        count = 2 if name in ("reset_error", "generalized_amplitude_damping") else 1
        most = 0.5 if name == "reset_error" else 1.0
        circuit.channel(name, *(strength(draw, numbers, entries, most) for _ in range(count)), wires=wires[0])


def feedback(draw: Random, numbers: np.random.Generator, circuit: Circuit, entries: Sequence[Any]) -> None:
    """Measure a wire, or do something that depends on what was measured."""
    bits = circuit.bits
    if not bits or draw.randint(0, 1):
        circuit.measure(draw.randrange(circuit.wires), draw.choice("abc"))
        return
    asked = draw.sample(bits, draw.randint(1, min(2, len(bits))))
    with circuit.if_(asked, draw.randrange(2 ** len(asked))):
        if draw.randint(0, 4):
            operation(draw, numbers, circuit, entries, NARROW)
        else:
            circuit.reset(draw.randrange(circuit.wires))


NARROW = [name for name, row in TABLE.items() if row.wires <= 2]


def noisy_case(
    draw: Random,
    wires: int,
    length: int,
    channels: Sequence[str] = CHANNEL_NAMES,
    measures: bool = False,
    gates: Sequence[str] = (),
    batches: Sequence[tuple[int, ...]] = BATCHES,
) -> Case:
    """A random case with channels among its gates, and where `measures` measurements and conditions."""
    numbers, entries, values = symbols(draw, batches)
    observables = [observable(draw, numbers, wires, entries) for _ in range(draw.randint(1, 4))]
    circuit = Circuit(wires)
    while len(circuit) < length:
        kind = draw.randint(0, 9)
        if kind <= 2 and channels:
            channel(draw, numbers, circuit, entries, draw.choice(channels))
        elif kind <= 5 and measures:
            feedback(draw, numbers, circuit, entries)
        else:
            operation(draw, numbers, circuit, entries, gates)
    return used(circuit, observables, values)
