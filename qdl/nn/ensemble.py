"""Ensembles of microscopic and macroscopic networks (PHYSICS.md A22).

The seed theory only names the hybrid ensemble network; the definition is ours: its members, measured circuits on the
one hand and thermal averages on the other, are the components of a mixed state rho = sum p_k rho_k, whose weights are
Gibbs weights p_k = e^{-E_k/T}/Z of trained energies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from qdl.errors import LayerError, ValuesError
from qdl.nn.arguments import require_known, require_real
from qdl.nn.losses.base import require_distributions
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision
from qdl.physics.information.mixtures import product_of_experts
from qdl.physics.information.relative import tangent_log

COMBINATIONS, OUTPUTS = ("mixture", "product"), ("probabilities", "logits")


class Ensemble(nn.Module):
    """Class probabilities of several networks, combined with trained weights.

    Parameters
    ----------
    members : iterable of nn.Module
        Each takes what ``forward`` is given and answers (N, C, *) or (C,).
    combine : str
        ``"mixture"``: sum p_k q_k, the probabilities that the mixed state sum p_k rho_k has. Its cross-entropy is at
        most the weighted mean of its members' (Jensen). ``"product"``: the average of logits, prod q_k^p_k / Z, where
        any member can veto.
    outputs : str or sequence of str
        What the members answer, all or one by one: ``"probabilities"`` or ``"logits"``.
    temperature : float
        T in p_k = e^{-E_k/T}/Z.
    train_members : bool
        False freezes the members: they get no gradients and stay in evaluation mode, and only the energies are trained.
    validate : bool
        Whether answers are checked to be probabilities.
    device, dtype
        Of the energies; torch.float32 or float64.

    Attributes
    ----------
    members : nn.ModuleList
    energy : Parameter, shape (members,)
        Zero at the beginning: all weights are equal.
    weights : Tensor, shape (members,)
        The Gibbs weights.

    Raises
    ------
    QdlError
        For no members and settings that make no sense; in ``forward`` for an input of another precision, and for
        members whose answers differ in shape or are no probabilities.

    Examples
    --------
    >>> import qdl.nn
    >>> micro, macro = nn.Linear(6, 3), FreeEnergyClassifier(qdl.nn.RBM(9, 4), 3)
    >>> ensemble = Ensemble([micro, macro], outputs="logits")
    >>> p = ensemble(torch.rand(5, 6))
    >>> p.shape, torch.allclose(p.sum(1), torch.ones(5))
    (torch.Size([5, 3]), True)
    >>> loss = qdl.nn.ProbabilityCrossEntropyLoss()(p, torch.tensor([0, 1, 2, 0, 1]))
    """

    def __init__(
        self,
        members: Iterable[nn.Module],
        combine: str = "mixture",
        *,
        outputs: str | Sequence[str] = "probabilities",
        temperature: float = 1.0,
        train_members: bool = True,
        validate: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        listed = list(members) if isinstance(members, Iterable) else [None]
        if not all(isinstance(member, nn.Module) for member in listed):
            got = f"a {type(members).__name__}"
            raise ValuesError("the members of an ensemble are modules", got=got, expected="a list of modules")
        self.members = nn.ModuleList(listed)
        count = len(self.members)
        if not count:
            raise ValuesError("an ensemble without members", do="pass at least one module")
        require_known("combination", combine, COMBINATIONS)
        self.outputs = (outputs,) * count if isinstance(outputs, str) else tuple(outputs)
        for kind in self.outputs:
            require_known("output of a member", kind, OUTPUTS)
        if len(self.outputs) != count:
            raise ValuesError("there must be one output for each member", got=len(self.outputs), expected=count)
        require_known_precision(dtype)
        self.temperature = require_real("temperature", temperature, positive=True)
        self.combine, self.validate = combine, validate
        self.train_members = train_members
        if not train_members:
            self.members.requires_grad_(False).eval()
        self.energy = nn.Parameter(torch.empty(count, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """All energies zero; the members stay as they are."""
        nn.init.zeros_(self.energy)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if not self.train_members:
            self.members.eval()
        return self

    @property
    def weights(self) -> Tensor:
        return (-self.energy / self.temperature).softmax(0)

    def forward(self, *inputs: Tensor) -> Tensor:
        """What each member takes -> probabilities (N, C, *) or (C,)."""
        for x in inputs:
            if x.is_floating_point() and not torch.is_autocast_enabled(x.device.type):
                require_precision(x, self)
        answer: Tensor = self._combined(*(member(*inputs) for member in self.members))
        return answer

    @outside_autocast
    def _combined(self, *answers: Tensor) -> Tensor:
        kinds = {(*answer.shape, answer.dtype) for answer in answers}
        if kinds != {(*answers[0].shape, self.energy.dtype)} or not answers[0].dim():
            got = ", ".join(f"{tuple(answer.shape)} of {answer.dtype}" for answer in answers)
            expected = f"the same (N, C, ...) of {self.energy.dtype} from all"
            raise LayerError("the members' answers do not fit each other", got=got, expected=expected)
        axis = min(answers[0].dim() - 1, 1)
        if self.combine == "mixture":
            found = [self._probabilities(k, answer, axis) for k, answer in enumerate(answers)]
            return torch.tensordot(self.weights, torch.stack(found), 1)
        logarithms = [self._logarithms(k, answer, axis) for k, answer in enumerate(answers)]
        return product_of_experts(self.weights, torch.stack(logarithms), axis)

    def _probabilities(self, k: int, answer: Tensor, axis: int) -> Tensor:
        if self.outputs[k] == "logits":
            return answer.softmax(axis)
        if self.validate:
            require_distributions(f"answer of member {k}", answer, axis)
        return answer

    def _logarithms(self, k: int, answer: Tensor, axis: int) -> Tensor:
        if self.outputs[k] == "logits":
            return answer.log_softmax(axis)
        return tangent_log(self._probabilities(k, answer, axis))

    def extra_repr(self) -> str:
        frozen = "" if self.train_members else ", train_members=False"
        return f"combine={self.combine!r}, temperature={self.temperature:g}{frozen}"


class FreeEnergyClassifier(nn.Module):
    """The logits -F(x, y) of a machine that was given the class as further visible units.

    P(y|x) = e^{-F(x, y)} / sum_y' e^{-F(x, y')} needs no partition function of the machine, so it trains by
    cross-entropy (Larochelle and Bengio 2008).

    Parameters
    ----------
    machine : nn.Module
        With ``free_energy``, (*batch, visible) -> (*batch,), as `RBM` and `QBM` have it; its last `classes` visible
        units are the class.
    classes : int
    off : float
        The value of a class unit that is off: 0 for binary units, -1 for spins. On is 1.

    Raises
    ------
    ValuesError
        For a machine without free energy, and fewer than two classes; what its inputs must be, the machine says.

    Examples
    --------
    >>> import qdl.nn
    >>> classifier = FreeEnergyClassifier(qdl.nn.RBM(6 + 3, 4), 3)
    >>> classifier(torch.rand(5, 6)).shape
    torch.Size([5, 3])
    """

    def __init__(self, machine: nn.Module, classes: int, off: float = 0.0) -> None:
        super().__init__()
        if not callable(getattr(machine, "free_energy", None)):
            raise ValuesError("a machine without free_energy", got=type(machine).__name__, expected="RBM or QBM")
        if classes < 2:
            raise ValuesError("nothing to tell apart", got=f"classes={classes}", expected="at least 2")
        seen = getattr(machine, "visible", classes + 1)
        if seen <= classes:
            raise ValuesError("the machine has no units for inputs", got=f"visible={seen}", expected=f"above {classes}")
        self.machine, self.classes, self.off = machine, classes, float(off)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, inputs) -> logits (*batch, classes)."""
        if x.dim() == 0:
            raise LayerError("no inputs", got="shape ()", expected="(*batch, inputs)")
        require_precision(x, self)
        units = one_hot(torch.arange(self.classes, device=x.device), self.classes).to(x.dtype)
        units = self.off + (1 - self.off) * units
        shape = x.shape[:-1]
        pairs = [x.unsqueeze(-2).expand(*shape, self.classes, x.shape[-1]), units.expand(*shape, *units.shape)]
        free_energy: Callable[[Tensor], Tensor] = getattr(self.machine, "free_energy")  # noqa: B009 - not of nn.Module
        energies = free_energy(torch.cat(pairs, -1))
        return -energies

    def extra_repr(self) -> str:
        return f"classes={self.classes}, off={self.off:g}"
