"""Block spins: the coarse graining of real-space renormalisation as a pool."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn.arguments import require_known, require_real
from qdl.nn.pooling.windows import Pool, Size
from qdl.nn.precision import outside_autocast
from qdl.nn.scale import require_finite
from qdl.nn.seeds import fixed, require_seed
from qdl.physics.pooling import block_mean

RULES = ("majority", "decimation")
TIES = ("random", "first", "zero")


class _BlockSpin(Pool):
    def __init__(
        self,
        kernel_size: Size,
        *,
        rule: str = "majority",
        temperature: float = 0.0,
        ties: str = "random",
        straight_through: bool = False,
        seed: Any = None,
    ) -> None:
        super().__init__(kernel_size, None, 0, 1, False)
        require_known("rule of block spins", rule, RULES)
        require_known("way to break ties", ties, TIES)
        require_real("temperature", temperature, least=0)
        if (temperature or straight_through) and rule == "decimation":
            raise UnsupportedError("decimation is neither warm nor hard: it has a derivative", do="use rule='majority'")
        if temperature and straight_through:
            raise UnsupportedError("a warm block spin has a derivative of its own", do="drop straight_through")
        self.rule, self.temperature, self.ties = rule, float(temperature), ties
        require_seed(seed)
        self.straight_through, self.seed = straight_through, seed

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, *size) or (channels, *size) -> the same with every side divided by the block's."""
        blocks = self.windows(x)
        require_finite(x.detach().abs().sum())
        sides = x.shape[x.dim() - self._dimension :]
        if any(length % side for length, side in zip(sides, self._kernel, strict=True)):
            raise ValuesError("blocks must tile the lattice", got=tuple(sides), expected=f"multiples of {self._kernel}")
        if self.rule == "decimation":
            return blocks[0]
        if self.temperature:
            return block_mean(blocks, self.temperature, 0)
        spin = self._decided(blocks.detach())
        if not self.straight_through:
            return spin
        mean = blocks.mean(0)
        return spin + (mean - mean.detach())

    def _decided(self, blocks: Tensor) -> Tensor:
        spin = block_mean(blocks, 0.0, 0)
        if self.ties == "zero":
            return spin
        return torch.where(spin == 0, blocks[0].sign() if self.ties == "first" else self._coins(spin), spin)

    def _coins(self, like: Tensor) -> Tensor:
        if self.seed is None:
            return 2 * torch.randint_like(like, 2) - 1
        generator = torch.Generator(like.device).manual_seed(fixed(self.seed))
        return 2 * torch.randint(2, like.shape, generator=generator, device=like.device, dtype=like.dtype) - 1

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, rule={self.rule}"
        if self.rule == "decimation":
            return text
        warm = f", temperature={self.temperature:g}" if self.temperature else f", ties={self.ties}"
        return text + warm + (", straight_through=True" if self.straight_through else "")


class BlockSpin1d(_BlockSpin):
    """Block spins of chains (batch, channels, length); see `BlockSpin2d`.

    Examples
    --------
    >>> BlockSpin1d(3)(torch.tensor([[1.0, -1.0, 1.0, -1.0, -1.0, 1.0]]))
    tensor([[ 1., -1.]])
    """

    _dimension = 1


class BlockSpin2d(_BlockSpin):
    """Block spins of lattices (batch, channels, height, width): the variable of real-space renormalisation.

    Blocks tile the lattice, and each becomes one spin (PHYSICS.md A5iii: ours). Spins are meant to be +-1.

    Parameters
    ----------
    kernel_size : int or tuple of int
        Sides of a block.
    rule : {"majority", "decimation"}
        The sign of the block's sum, or the block's first spin.
    temperature : float
        Of the majority rule. The block spin's mean is tanh(sum s / T): smooth, with its own derivative. At 0 it is a
        spin +-1, and its derivative is zero, as it truly is almost everywhere.
    ties : {"random", "first", "zero"}
        What decides at temperature 0 where the sum is 0: a fair coin, the limit of small temperatures; the block's
        first spin, which keeps the symmetry f(-s) = -f(s) and repeats; or nothing, the mean over coins.
    straight_through : bool
        Pass to the inputs the derivative of the block's mean in place of zero. That is the gradient of another
        function: it trains, and it is biased.
    seed : int, torch.Generator or None
        Of the coins. With an integer every pass throws the same.

    Raises
    ------
    ValuesError, UnsupportedError
        For arguments that make no sense, and for a lattice that blocks do not tile.

    Examples
    --------
    >>> spins = torch.tensor([[[1.0, 1.0, -1.0, 1.0], [1.0, -1.0, -1.0, -1.0]]])
    >>> BlockSpin2d(2)(spins)
    tensor([[[ 1., -1.]]])
    """

    _dimension = 2


class BlockSpin3d(_BlockSpin):
    """Block spins of lattices (batch, channels, depth, height, width); see `BlockSpin2d`.

    Examples
    --------
    >>> BlockSpin3d(2, rule="decimation")(torch.ones(1, 4, 4, 4)).shape
    torch.Size([1, 2, 2, 2])
    """

    _dimension = 3
