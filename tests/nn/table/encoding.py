"""Encodings, and circuits that read one several times."""

from __future__ import annotations

from functools import partial

from qdl.nn import (
    AmplitudeEncoding,
    AngleEncoding,
    ChebyshevEncoding,
    CoherentEncoding,
    DataReuploading,
    DenseAngleEncoding,
    FourierEncoding,
    HamiltonianEncoding,
    IQPEncoding,
    ProbabilityEncoding,
    SignedEncoding,
    ZZEncoding,
)
from tests.nn.table import Row, uniform

ROWS = [
    Row("ProbabilityEncoding", partial(ProbabilityEncoding, 3), uniform(4, 3), factory=False),
    Row("SignedEncoding", partial(SignedEncoding, 3), uniform(4, 3, low=-0.9, high=-0.1), factory=False),
    Row("AmplitudeEncoding", partial(AmplitudeEncoding, 3), uniform(4, 3), factory=False),
    Row("CoherentEncoding", partial(CoherentEncoding, 2, levels=4), uniform(4, 2), factory=False),
    Row("AngleEncoding", partial(AngleEncoding, 3), uniform(4, 3), factory=False),
    Row("AngleEncoding-state", partial(AngleEncoding, 3, "x", grad="autograd", engine="state"), uniform(4, 3),
        factory=False),
    Row("DenseAngleEncoding", partial(DenseAngleEncoding, 3), uniform(4, 3), factory=False),
    Row("IQPEncoding", partial(IQPEncoding, 3, repetitions=2), uniform(4, 3), factory=False),
    Row("ZZEncoding", partial(ZZEncoding, 3, pairs="linear"), uniform(4, 3), factory=False),
    Row("ChebyshevEncoding", partial(ChebyshevEncoding, 2, copies=2), uniform(4, 2, low=-0.9)),
    Row("FourierEncoding", partial(FourierEncoding, 2, copies=2), uniform(4, 2)),
    Row("HamiltonianEncoding", partial(HamiltonianEncoding, 2), uniform(4, 2), factory=False),
    Row("DataReuploading", partial(DataReuploading, 2, 2), uniform(4, 2)),
    Row("DataReuploading-fourier", partial(DataReuploading, 2, 2, "fourier", "su4"), uniform(4, 2)),
]  # fmt: skip
