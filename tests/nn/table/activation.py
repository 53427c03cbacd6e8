"""Activations, and the perceptron."""

from __future__ import annotations

from functools import partial

from qdl.nn import Fermi, Magnetisation, Photoelectric, Rabi, RepeatUntilSuccess, TacchinoPerceptron
from tests.nn.table import Row, uniform

FLAT = {"factory": False}
BOTH = uniform(3, 4, low=-0.9)
STATE = {"engine": "state", "grad": "autograd"}

ROWS = [
    Row("Photoelectric", partial(Photoelectric, 0.7, 0.1, trainable=True), BOTH),
    Row("Photoelectric-cold", partial(Photoelectric, 0.0), BOTH),
    Row("Photoelectric-counting", partial(Photoelectric, exposure=10.0), BOTH, random=True),
    Row("Fermi", partial(Fermi, 0.5, trainable=True), BOTH),
    Row("Magnetisation", partial(Magnetisation, 0.5), BOTH),
    Row("Rabi", Rabi, BOTH, **FLAT),
    Row("Rabi-detuned", partial(Rabi, 0.3), BOTH, **FLAT),
    Row("Rabi-circuit", partial(Rabi, 0.3, **STATE), BOTH, **FLAT),
    Row("RepeatUntilSuccess", partial(RepeatUntilSuccess, 3), uniform(3, 4, low=-0.3), **FLAT),
    Row("RepeatUntilSuccess-attempts", partial(RepeatUntilSuccess, 2, 3), BOTH, **FLAT),
    Row("RepeatUntilSuccess-circuit", partial(RepeatUntilSuccess, 1, 2, **STATE), BOTH, **FLAT),
    Row("TacchinoPerceptron", partial(TacchinoPerceptron, 8, 3), uniform(4, 8)),
    Row("TacchinoPerceptron-circuit", partial(TacchinoPerceptron, 4, 2, **STATE), uniform(2, 4)),
]
