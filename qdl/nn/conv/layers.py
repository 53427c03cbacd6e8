"""Quantum convolutions with the signature and the behaviour of torch's."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from numbers import Integral
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from qdl.errors import LayerError, ValuesError
from qdl.nn.conv.detector import Detector
from qdl.nn.conv.displaced import Displaced
from qdl.nn.conv.exchange import Exchange
from qdl.nn.conv.interacting import Interacting
from qdl.nn.conv.interaction import Interaction
from qdl.nn.conv.patches import Windows
from qdl.nn.conv.translation import Translation
from qdl.nn.encoding import Encoding
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision

INTERACTIONS: dict[str, type[Interaction]] = {kind.NAME: kind for kind in (Detector, Exchange, Displaced, Translation)}


class _QuantumConv(Interacting, _ConvNd):
    """What all dimensions share. The class beside it in the bases is torch's, which checks and holds the sizes."""

    KINDS = INTERACTIONS

    _dimension: int
    _plain: type[_ConvNd]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        interaction: Any = "detector",
        coupling: float | None = None,
        readout: Any = None,
        encoding: str | Encoding | None = None,
        **options: Any,
    ) -> None:
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            _require_whole(name, channels, 1)
        kernel_size, stride, dilation = (
            self._spread(name, size, 1)
            for name, size in (("kernel_size", kernel_size), ("stride", stride), ("dilation", dilation))
        )
        if not isinstance(padding, str):
            padding = self._spread("padding", padding, 0 if padding_mode == "zeros" else None)
        require_known_precision(dtype)
        sizes = (in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode)
        super().__init__(*sizes, device, dtype)  # type: ignore[arg-type]
        self._interact(
            in_channels // groups * prod(kernel_size),
            out_channels,
            groups,
            interaction=interaction,
            coupling=coupling,
            readout=readout,
            encoding=encoding,
            options=options,
            device=device,
            dtype=dtype,
        )

    @classmethod
    def _spread(cls, name: str, size: Any, least: int | None) -> tuple[int, ...]:
        """A size for every axis. Torch notices in forward only, if at all, what makes no sense."""
        each = tuple(size) if isinstance(size, Sequence) and not isinstance(size, str) else (size,) * cls._dimension
        if len(each) == 1 and name != "kernel_size" and least is not None:
            each *= cls._dimension
        if len(each) != cls._dimension:
            raise LayerError(f"{name} makes no sense", got=size, expected=f"one integer or {cls._dimension}")
        for one in each:
            _require_whole(name, one, least)
        return each

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(batch, in_channels, *size) or (in_channels, *size) -> the same with out_channels and torch's output size."""
        return self._convolve(x)

    def _convolve(self, x: Tensor) -> Tensor:
        self._check(x)
        if x.dim() == self._dimension + 1:
            return self._convolve(x[None])[0]
        windows = Windows(self.kernel_size, self.stride, self.padding, self.dilation, self.groups, self.padding_mode)
        return self._answer(x, windows, self.weight, self.bias)

    def _check(self, x: Tensor) -> None:
        if not isinstance(x, Tensor) or x.layout is not torch.strided:
            got = f"{x.layout} layout" if isinstance(x, Tensor) else type(x).__name__
            raise LayerError(f"no input for {type(self).__name__}", got=got, expected="a dense tensor")
        n, name = self._dimension, type(self).__name__
        if x.dim() not in (n + 1, n + 2):
            expected = f"{n + 2} axes (batch, channels, size), or {n + 1} without a batch"
            raise LayerError(f"wrong number of axes for {name}", got=f"shape {tuple(x.shape)}", expected=expected)
        if x.shape[-n - 1] != self.in_channels:
            got = f"{x.shape[-n - 1]} in shape {tuple(x.shape)}"
            raise LayerError(f"wrong number of channels for {name}", got=got, expected=self.in_channels)
        require_precision(x, self)

    @classmethod
    def _from_conv(cls, conv: _ConvNd, coupling: float, options: dict[str, Any]) -> Self:
        if not isinstance(conv, cls._plain):
            raise ValuesError("not a layer to quantise", got=type(conv).__name__, expected=cls._plain.__name__)
        sizes = (conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation)
        more = (conv.groups, conv.bias is not None, conv.padding_mode)
        return cls._quantised(conv, *sizes, *more, coupling=coupling, **options)


def _require_whole(name: str, size: Any, least: int | None) -> None:
    if not isinstance(size, Integral) or (least is not None and size < least):
        expected = "integers" if least is None else f"integers, at least {least}"
        raise LayerError(f"{name} makes no sense", got=repr(size), expected=expected)


class QuantumConv1d(_QuantumConv, nn.Conv1d):
    """`torch.nn.Conv1d` made of quantum neurons, (batch, channels, length); see `QuantumConv2d`.

    Examples
    --------
    >>> QuantumConv1d(2, 4, 3)(torch.rand(8, 2, 10)).shape
    torch.Size([8, 4, 8])
    """

    _dimension, _plain = 1, nn.Conv1d

    @classmethod
    def from_conv1d(cls, conv: nn.Conv1d, coupling: float = 0.05, **options: Any) -> Self:
        """A trained `torch.nn.Conv1d`, quantised; see `QuantumConv2d.from_conv2d`."""
        return cls._from_conv(conv, coupling, options)


class QuantumConv2d(_QuantumConv, nn.Conv2d):
    """`torch.nn.Conv2d` made of quantum neurons.

    Every patch excites quanta, their interaction with a detector is the kernel, and an output is what is measured on
    the detector. There are four such interactions in closed form, and any circuit can take their place::

        interaction      encoding (default first)    readout (default first)        the readout, and what it tends to
        "detector"       "signed", "probability"     "linear"                       E sin(gW)/g + bias -> w.x + bias
                                                     "excitation"                   (1 + E sin(gW + bias))/2
        "exchange"       "coherent"                  "linear"                       s w.x + bias -> w.x + bias
                         "coherent", "amplitude"     "excitation"                   g^2 s^2 (w.x + bias)^2
        "displaced"      "signed", "probability"     "linear"                       w.x + g E[W^2]/(2 b0) + bias
                                                     "excitation"                   E (bias + gW)^2
        "translation"    "amplitude"                 "linear"                       sin(gH)/g x + bias -> w.x + bias
        cell, circuit    "angle", any of             None (one Z), "all" (Z on      <O> + bias
                         `qdl.nn.encoding`           every wire), observables O

    W = sum_i w_i n_i of excitation numbers n_i, g the coupling, s = sin(g|w|)/(g|w|). PHYSICS.md A3a to A3d.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        As in `torch.nn.Conv2d`, with the same names, shapes and initial values of ``weight`` and ``bias``.
    interaction : str, path or Circuit
        ``"detector"``: every quantum turns a qubit by an angle. ``"exchange"``: quanta hop to the detector; at
        g|w| = pi/2 a matched filter. ``"displaced"``: every quantum moves a mode, which is counted. ``"translation"``:
        one quantum moves over the whole image, a ring of sites; the image itself with ``padding_mode="circular"``.
        Else the name of a cell, a path to one, or a circuit all of whose Params are weights: on one wire more than the
        encoded patch, the last wire being the neuron's own, in |0>; on as many; or on fewer, then tiled. Its ``weight``
        has the shape (neurons, angles).
    coupling : float, optional
        g per unit of weight, an angle in radians or an amplitude; 0.5 unless given. Cells and circuits have none.
    readout : str, Observable or sequence of Observable, optional
        ``"linear"`` tends to the classical convolution as g -> 0, with an error of order g^2 (displaced: g), the bias
        being added. ``"excitation"`` is the detector's number of quanta, an activation already, with the bias in the
        physics: the detector's first turn (detector), a mode that always holds one quantum (exchange), the local
        oscillator (displaced). Circuits: Z of the neuron's own wire (without one, of the first) unless given, ``"all"``
        for Z of every wire, or observables; with k of them there are out_channels / k neurons.
    encoding : str or Encoding, optional
        ``"signed"``: |x| is an excitation's probability after division of each sample by m = max(1, max|x|), which the
        linear readout multiplies back, and the sign belongs to the weight. ``"probability"``: x in [0, 1] as it is.
        ``"coherent"``: x is the amplitude of a mode. ``"amplitude"``: of one quantum on sites, the patch (exchange) or
        the image (translation) being normalised; of an empty patch nothing is found. Circuits: a name among
        `qdl.nn.encoding.ENCODINGS` (``"angle"``, RY(pi x), unless given), or an encoding of as many numbers as a patch
        has. Every patch is encoded as an input of its own, also where that needs its norm or its maximum; parameters of
        the encoding are shared by all patches and trained with the layer's.
    **options
        ``engine`` (``"closed"`` unless said, but for cells and circuits: any patch size at no exponential cost),
        ``grad``, ``shots`` (translation: with ``engine="state"``), ``noise``, ``seed``, ``validate``; displaced:
        ``oscillator=1.0``, b0 of the linear readout, and ``cutoff=16``, the mode's levels in the circuit; for tiled
        cells ``pattern="ring"``, ``layers=1``, ``share="none"``. With an integer seed every pass draws the same shots.

    Raises
    ------
    QdlError, ValueError
        When the layer is made, for arguments that make no sense; in ``forward``, for inputs of the wrong shape,
        precision or range.

    Notes
    -----
    With excitation numbers, where the input is 0 or at its sample's maximum the answer has a kink; its derivative is
    the mean of both sides. Linear readouts of exchange and translation are linear in x: classical convolutions with
    other weights, until shots, noise or circuits are asked for. How strong g should be for a number of shots:
    `qdl.physics.interactions.coupling`.

    Examples
    --------
    >>> layer = QuantumConv2d(1, 8, 3, padding="same", coupling=0.3)
    >>> layer(torch.rand(64, 1, 16, 16)).shape
    torch.Size([64, 8, 16, 16])
    >>> QuantumConv2d(1, 4, 2, interaction="su4", encoding="fourier").encoding.frequency.shape
    torch.Size([4, 1])
    >>> sobel = QuantumConv2d(1, 1, 3, padding=1, padding_mode="circular", interaction="translation", bias=False)
    >>> sobel.weight.data.copy_(torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])).shape
    torch.Size([1, 1, 3, 3])
    >>> sobel(torch.rand(1, 1, 8, 8)).shape
    torch.Size([1, 1, 8, 8])
    """

    _dimension, _plain = 2, nn.Conv2d

    @classmethod
    def from_conv2d(cls, conv: nn.Conv2d, coupling: float = 0.05, **options: Any) -> Self:
        """A trained classical layer, quantised: the same weights, the answer equal up to a term of order coupling^2.

        With ``interaction="displaced"`` the term is of order coupling.

        Parameters
        ----------
        conv : torch.nn.Conv2d
            Copied from, left alone.
        coupling : float
            g, per unit of weight.
        **options
            Further keyword arguments of the layer, such as ``interaction``.

        Examples
        --------
        >>> conv = torch.nn.Conv2d(3, 4, 3)
        >>> x = torch.rand(2, 3, 8, 8)
        >>> torch.allclose(QuantumConv2d.from_conv2d(conv, coupling=0.01)(x), conv(x), atol=1e-3)
        True
        """
        return cls._from_conv(conv, coupling, options)


class QuantumConv3d(_QuantumConv, nn.Conv3d):
    """`torch.nn.Conv3d` made of quantum neurons, (batch, channels, depth, height, width); see `QuantumConv2d`.

    Examples
    --------
    >>> QuantumConv3d(1, 2, 2)(torch.rand(3, 1, 4, 4, 4)).shape
    torch.Size([3, 2, 3, 3, 3])
    """

    _dimension, _plain = 3, nn.Conv3d

    @classmethod
    def from_conv3d(cls, conv: nn.Conv3d, coupling: float = 0.05, **options: Any) -> Self:
        """A trained `torch.nn.Conv3d`, quantised; see `QuantumConv2d.from_conv2d`."""
        return cls._from_conv(conv, coupling, options)
