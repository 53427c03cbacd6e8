"""What stands on either side of a product in the detector's series, and its derivative.

Inputs and angles have the same structure: of t (x or phi) there is an even square z, its derivative, and an odd seed::

    t = x:    z = u = |x| (1 - |x|),      dz/dt = sign(x) (1 - 2|x|),   odd seed o = x (1 - |x|) (1 - 2|x|)
    t = phi:  z = v = (2 sin(phi/2))^2,   dz/dt = 2 sin phi,            odd seed o = v sin phi

Features are z p_r(z), even, and t and o q_r(z), odd. All of them are exactly zero at t = 0, as padding demands. In both
cases o dz/dt and do/dt are polynomials in z, and so are the derivatives but for one dz/dt::

    d(z p_r)/dt = dz/dt (p_r + z p_r'),     d(o q_r)/dt = do/dt q_r + o dz/dt q_r'
    t = x:    do/dt = 1 - 6 z,              o dz/dt = z - 4 z^2
    t = phi:  do/dt = 3 z - z^2,            o dz/dt = 2 z^2 - z^3 / 2

At x = 0 the sign is 0 and takes the mean of both sides. Polynomials are columns of Chebyshev coefficients in
y = 2 z / top - 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.polynomial import Chebyshev, Polynomial
from torch import Tensor

# Numbers that a thread works with at a time.
_SCRATCH = 1 << 19

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Inputs:
    """t = x."""

    seed_slope = Polynomial([1, -6])
    cross = Polynomial([0, 1, -4])

    @staticmethod
    def square(t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z, dz/dt and the odd seed."""
        part = t.abs()
        rest = 1 - part
        lean = rest - part
        return part * rest, t.sign() * lean, t * rest * lean


class Phases:
    """t = phi."""

    seed_slope = Polynomial([0, 3, -1])
    cross = Polynomial([0, 0, 2, -0.5])

    @staticmethod
    def square(t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z, dz/dt and the odd seed."""
        z, sine = (2 * (t / 2).sin()).square(), t.sin()
        return z, 2 * sine, z * sine


@dataclass(frozen=True, eq=False)
class Side:
    """One side's features.

    Parameters
    ----------
    kind : Inputs or Phases
    top : float
        The largest z.
    even, odd : array, shape (degree + 1, rank)
        Coefficients of p_r and of q_r.
    dtype : torch.dtype
        Of the tables.
    """

    kind: type[Inputs] | type[Phases]
    top: float
    even: Array
    odd: Array
    dtype: torch.dtype

    @cached_property
    def value(self) -> Tensor:
        """Of p_r and q_r: (ranks, degree + 1)."""
        return self._table(self._polynomials(self.even) + self._polynomials(self.odd))

    @cached_property
    def slope(self) -> Tensor:
        """Of d(z p_r)/dz and d(o q_r)/dt: (ranks, degree + 1)."""
        z = Polynomial([0, 1])
        even = [p + self._in_y(z) * p.deriv() for p in self._polynomials(self.even)]
        odd = [
            self._in_y(self.kind.seed_slope) * q + self._in_y(self.kind.cross) * q.deriv()
            for q in self._polynomials(self.odd)
        ]
        return self._table(even + odd)

    @property
    def terms(self) -> tuple[int, int]:
        """How many features there are, even and odd."""
        return self.even.shape[1], 1 + self.odd.shape[1]

    def _sums(self, table: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """sum_k table_rk T_k for z (batch, *shape): those of p and those of q, (batch, ranks, *shape)."""
        size = table.shape[1]
        y = (z * (2 / self.top) - 1).flatten(1)
        twice = 2 * y
        rows = y.new_empty(len(y), size, y.shape[1])
        rows[:, 0] = 1
        rows[:, 1:2] = y[:, None]
        for k in range(2, size):
            torch.mul(twice, rows[:, k - 1], out=rows[:, k])
            rows[:, k] -= rows[:, k - 2]
        p, q = torch.matmul(table, rows).unflatten(-1, z.shape[1:]).split((self.terms[0], self.terms[1] - 1), 1)
        return p, q

    def _polynomials(self, columns: Array) -> list[Chebyshev]:
        return [Chebyshev(column, domain=[0, self.top]) for column in columns.T]

    def _in_y(self, polynomial: Polynomial) -> Chebyshev:
        found: Chebyshev = polynomial.convert(kind=Chebyshev, domain=[0, self.top])
        return found

    def _table(self, polynomials: list[Chebyshev]) -> Tensor:
        rows = np.zeros((len(polynomials), max(len(p.coef) for p in polynomials)))
        for row, polynomial in zip(rows, polynomials, strict=True):
            row[: len(polynomial.coef)] = polynomial.coef
        # A table outlives the inference in which it may be made.
        with torch.inference_mode(False):
            return torch.from_numpy(rows).to(self.dtype)

    def features(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Even and odd features of t (batch, places, groups, n): (batch, places, groups, terms, n), contiguous.

        The terms stand where a convolution with channels last wants them.
        """
        even, odd = (t.new_empty(*t.shape[:3], terms, t.shape[3]) for terms in self.terms)
        for part in self._parts(t):
            z, _, seed = self.kind.square(t[part])
            p, q = self._sums(self.value, z)
            even[part].movedim(3, 1).copy_(p.mul_(z[:, None]))
            odd[part, ..., 0, :] = t[part]
            odd[part].movedim(3, 1)[:, 1:] = q.mul_(seed[:, None])
        return even, odd

    def pull(self, t: Tensor, by_even: Tensor, by_odd: Tensor) -> Tensor:
        """From the gradients by the features to that by t."""
        grad = torch.empty_like(t)
        for part in self._parts(t):
            z, slope, _ = self.kind.square(t[part])
            p, q = self._sums(self.slope, z)
            total = p.mul_(by_even[part].movedim(3, 1)).sum(1).mul_(slope)
            total += q.mul_(by_odd[part].movedim(3, 1)[:, 1:]).sum(1)
            torch.add(total, by_odd[part, ..., 0, :], out=grad[part])
        return grad

    def _parts(self, t: Tensor) -> list[slice]:
        """Slices of the batch whose sums stay near the core, and in memory that is handed out again."""
        sample = (sum(self.terms) + self.slope.shape[1]) * t[:1].numel()
        step = max(1, _SCRATCH * torch.get_num_threads() // max(1, sample))
        return [slice(start, start + step) for start in range(0, len(t), step)]

    def features_reference(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """The slow twin of `features`, which autograd differentiates any number of times."""
        z, _, seed = (part[..., None, :] for part in self.kind.square(t))
        y = z * (2 / self.top) - 1
        before, now = torch.zeros_like(z), torch.zeros_like(z)
        for column in self.value.T[1:].flip(0):
            before, now = now, column[:, None] + 2 * y * now - before
        p, q = (self.value[:, :1] + y * now - before).split((self.terms[0], self.terms[1] - 1), -2)
        return z * p, torch.cat((t[..., None, :], seed * q), -2)
