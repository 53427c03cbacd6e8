"""What all interactions of the quantum convolutions share: encoding a sample, answering patches, reading the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from qdl.ir import Circuit
from qdl.nn.arguments import require_known, require_real
from qdl.nn.conv.patches import Windows
from qdl.nn.scale import require_finite, require_probability, sample_scale


class Filter:
    """The interaction of a convolution, planned when the layer is made."""

    def __call__(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """(B, C, *size), the layer's weight and bias -> (B, O, *positions)."""
        encoded, m = self.encode(x)
        return self.read(self.answer(windows.pad(encoded), windows, weight, bias), m, bias)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The sample as it excites the patch, checked, and what it was divided by."""
        raise NotImplementedError

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """(B, C, *size), encoded and padded -> (B, O, *positions)."""
        raise NotImplementedError

    def read(self, answer: Tensor, m: Tensor | None, bias: Tensor | None) -> Tensor:
        """The layer's output made of the answers."""
        return plus(answer, bias)


class Interaction(Filter):
    """An interaction with a coupling, whose ``weight`` has the shape of torch's.

    Parameters
    ----------
    size : int
        Elements of a patch.
    coupling : float
        g, per unit of weight.
    readout, encoding : str or None
        Of `READOUTS` and `ENCODINGS`; the first of them where None.
    biased : bool
        Whether the layer has a bias.
    options : mapping
        ``engine`` ("closed", or any that `qdl.compile` knows) and its options, ``validate``, and those of `OPTIONS`.
    """

    NAME: ClassVar[str]
    READOUTS: ClassVar[tuple[str, ...]] = ("linear", "excitation")
    ENCODINGS: ClassVar[tuple[str, ...]]
    OPTIONS: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        size: int,
        coupling: float,
        readout: str | None,
        encoding: str | None,
        biased: bool,
        options: Mapping[str, Any],
    ) -> None:
        self.size, self.coupling, self.biased = size, require_real("coupling", coupling, positive=True), biased
        self.readout, self.encoding = readout or self.READOUTS[0], encoding or self.ENCODINGS[0]
        require_known(f"readout of the {self.NAME}", self.readout, self.READOUTS)
        require_known(f"encoding of the {self.NAME}", self.encoding, self.ENCODINGS)
        self.own = {name: options[name] for name in self.OPTIONS if name in options}
        self.options = {"engine": "closed", **{k: v for k, v in options.items() if k not in self.own}}
        self.validate = self.options.get("validate", True)

    @property
    def circuit(self) -> Circuit:
        """One patch and one output."""
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        """Whether the closed form answers, not a circuit."""
        return isinstance(self.options["engine"], str) and self.options["engine"] == "closed"

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.validate:
            require_finite(x.detach().abs().sum())
        return x, None

    def __str__(self) -> str:
        said = {"coupling": f"{self.coupling:g}", "readout": self.readout, "encoding": self.encoding, **self.own}
        return ", ".join(f"{name}={value}" for name, value in {**said, "engine": self.options["engine"]}.items())


class Excitations(Interaction):
    """An interaction with what is excited with probability |x|, whose sign belongs to the weight."""

    ENCODINGS = ("signed", "probability")

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.encoding == "probability":
            if self.validate:
                require_probability(x)
            return x, None
        m = sample_scale(x)
        if self.validate:
            require_finite(m)
        return x / m, m


def plus(value: Tensor, bias: Tensor | None) -> Tensor:
    """(B, O, *positions) plus (O,)."""
    return value if bias is None else value + bias.reshape(-1, *(1,) * (value.dim() - 2))
