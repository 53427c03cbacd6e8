"""Quantum convolutional networks."""

from __future__ import annotations

from functools import partial

from qdl.nn import QCNN
from tests.nn.table import Row, uniform

ROWS = [
    Row("QCNN", partial(QCNN, 4, "so4", grad="autograd"), uniform(3, 4)),
    Row(
        "QCNN-measured",
        partial(QCNN, 3, "hur_2", mode="measured", order="brick", readout="bloch", grad="autograd"),
        uniform(2, 3),
    ),
    Row("QCNN-amplitude", partial(QCNN, 2, "su4", encoding="amplitude", features=3, grad="autograd"), uniform(2, 3)),
    Row("QCNN-chebyshev", partial(QCNN, 2, "su4", encoding="chebyshev", grad="autograd"), uniform(3, 2)),
]
