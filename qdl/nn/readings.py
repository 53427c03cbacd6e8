"""A convolution read as a thermal average."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn.conv import QuantumConv1d, QuantumConv2d, QuantumConv3d
from qdl.nn.precision import outside_autocast
from qdl.nn.scale import require
from qdl.physics.thermal.readings import couplings


class ThermalReading(nn.Module):
    """The macroscopic reading of a quantum convolution: its detectors in equilibrium with what they look at.

    ``conv(x)`` measures what the interaction H_int did to a detector, E sin(gW); ``ThermalReading(conv)(x)`` reads the
    thermal state of the same H_int at the inverse temperature 2g, E tanh(gW), with the same weights (PHYSICS.md A10;
    derived in `qdl.physics.thermal.readings`, *ours*). With ``readout="linear"`` both divide by g and tend to the
    classical convolution, from which they depart by -g^2 E[W^3]/6 and -g^2 E[W^3]/3. With ``readout="excitation"`` and
    an input of zeros and ones the thermal reading is an RBM's: P(h = 1|v) with the weights 2g w and the biases 2b.

    Parameters
    ----------
    conv : QuantumConv1d, QuantumConv2d or QuantumConv3d
        With the detector interaction, on any engine. It is kept as the child ``conv``, not copied.
    reach : float
        The largest g sum|w| (+ |b|, of excitation numbers) of an output; more is refused. The cost grows with it: at 6
        every output takes 25 channels of the convolution in single, 91 in double precision.

    Raises
    ------
    QdlError
        For another layer; in ``forward`` as the convolution does, and for weights out of reach.

    Examples
    --------
    >>> conv = QuantumConv2d(1, 4, 3, coupling=0.05)
    >>> x = torch.rand(2, 1, 8, 8)
    >>> torch.allclose(ThermalReading(conv)(x), conv(x), atol=1e-3)
    True
    """

    def __init__(self, conv: QuantumConv1d | QuantumConv2d | QuantumConv3d, reach: float = 6.0) -> None:
        super().__init__()
        if not isinstance(conv, QuantumConv1d | QuantumConv2d | QuantumConv3d) or conv.interaction != "detector":
            got = getattr(conv, "interaction", type(conv).__name__)
            raise UnsupportedError(
                "only a detector has a thermal reading", got=got, expected='a QuantumConv, interaction="detector"'
            )
        if not 0 < reach < 100:
            raise ValuesError("the reach makes no sense", got=reach, expected="a number between 0 and 100")
        self.conv, self.reach = conv, float(reach)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """What the convolution takes -> what it returns, thermal."""
        weight, bias = self.conv.weight, self.conv.bias
        self._require_reach(weight, bias)
        nodes = couplings(self.reach, torch.finfo(weight.dtype).eps / 2)
        u, share = torch.tensor(nodes, dtype=weight.dtype, device=weight.device).T
        # In the linear readout the bias is added: u times the shares sum to 1, so u times the bias gives it back.
        stacked = {"weight": self._stacked(weight, u)} | ({} if bias is None else {"bias": self._stacked(bias, u)})
        answers = torch.func.functional_call(self.conv, stacked, (x,))
        axis = answers.dim() - weight.dim() + 1  # of the channels: (group, u, channel of the group)
        split = answers.unflatten(axis, (self.conv.groups, len(u), -1)).movedim(axis + 1, -1)
        found = (split * share).sum(-1).flatten(axis, axis + 1)
        return found + (1 - share.sum()) / 2 if self.conv.readout == "excitation" else found

    def _stacked(self, tensor: Tensor, u: Tensor) -> Tensor:
        """A tensor of every output channel, times every u, in the order of groups."""
        by_group = tensor.unflatten(0, (self.conv.groups, 1, -1))
        return (u.reshape(-1, *[1] * tensor.dim()) * by_group).flatten(0, 2)

    def _require_reach(self, weight: Tensor, bias: Tensor | None) -> None:
        turned = abs(self.conv.coupling) * weight.detach().abs().flatten(1).sum(1)
        if bias is not None and self.conv.readout == "excitation":
            turned = turned + bias.detach().abs()
        require(
            (turned <= self.reach).all(),
            "the weights are out of reach of the thermal reading",
            got=lambda: f"g sum|w| + |b| of {turned.max():.3g}",
            expected=f"at most {self.reach:g}",
            do="pass a larger reach= or choose a smaller coupling",
        )

    def extra_repr(self) -> str:
        return f"reach={self.reach:g}"
