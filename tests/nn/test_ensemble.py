"""Ensembles: what their members' answers become, what is trained, what is refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from qdl.errors import QdlError
from qdl.nn import QBM, RBM, Ensemble, FreeEnergyClassifier, ProbabilityCrossEntropyLoss
from qdl.physics.information.mixtures import mixed_state, product_of_experts


class Says(nn.Module):
    """A member that answers what it was told, scaled by a weight of its own."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.register_buffer("answer", answer)

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * self.answer + 0 * x.sum()


A = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
B = torch.tensor([[0.1, 0.3, 0.6], [0.0, 0.5, 0.5]])
X = torch.zeros(2, 1)


def weighted(combine: str = "mixture", **options: Any) -> Ensemble:
    """Weights 3/4 and 1/4."""
    ensemble = Ensemble([Says(A), Says(B)], combine, temperature=0.5, **options)
    with torch.no_grad():
        ensemble.energy.copy_(torch.tensor([0.0, 0.5 * torch.tensor(3.0).log()]))
    return ensemble


def test_a_mixture_is_the_average_of_probabilities() -> None:
    ensemble = weighted()
    torch.testing.assert_close(ensemble.weights, torch.tensor([0.75, 0.25]))
    torch.testing.assert_close(ensemble(X), 0.75 * A + 0.25 * B)


def test_a_product_is_the_average_of_logits() -> None:
    wanted = A**0.75 * B**0.25
    found = weighted("product")(X)
    torch.testing.assert_close(found, wanted / wanted.sum(1, keepdim=True), atol=5e-3, rtol=0)
    assert found[1, 0] < weighted()(X)[1, 0] / 10, "a member that says never is a veto"


@pytest.mark.parametrize("combine", ["mixture", "product"])
def test_logits_and_probabilities_of_members_mean_the_same(combine: str) -> None:
    logits = [torch.randn(5, 4, 3), torch.randn(5, 4, 3)]
    told = Ensemble(map(Says, logits), combine, outputs="logits")
    known = Ensemble([Says(logits[0].softmax(1)), Says(logits[1])], combine, outputs=["probabilities", "logits"])
    torch.testing.assert_close(told(X), known(X))
    torch.testing.assert_close(told(X).sum(1), torch.ones(5, 3))


def test_an_ensemble_can_be_a_member() -> None:
    inner = weighted()
    torch.testing.assert_close(Ensemble([inner, inner])(X), inner(X))


def test_members_and_weights_train_together_or_the_weights_alone() -> None:
    for frozen in (False, True):
        ensemble = weighted(train_members=not frozen)
        x = X.clone().requires_grad_()
        ProbabilityCrossEntropyLoss(validate=False)(ensemble(x), torch.tensor([0, 2])).backward()
        assert ensemble.energy.grad is not None
        assert ensemble.energy.grad.abs().min() > 1e-3
        assert x.grad is not None, "what lies before frozen members still learns"
        for member in ensemble.members:
            assert (member.weight.grad is None) == frozen
            assert member.training != frozen
        ensemble.train()
        assert [member.training for member in ensemble.members] == [not frozen] * 2


def test_the_weight_goes_to_the_member_that_is_right() -> None:
    ensemble, labels = Ensemble([Says(A), Says(B)], train_members=False), torch.tensor([0, 2])
    optimizer = torch.optim.Adam([p for p in ensemble.parameters() if p.requires_grad], lr=0.1)
    for _ in range(50):
        optimizer.zero_grad()
        ProbabilityCrossEntropyLoss()(ensemble(X), labels).backward()
        optimizer.step()
    assert ensemble.weights[0] > 0.9


@pytest.mark.parametrize("off", [0.0, -1.0])
def test_a_free_energy_classifier_is_the_machines_conditional_law(off: float) -> None:
    machine = RBM(3 + 4, 5, values="spin" if off else "binary", dtype=torch.float64)
    nn.init.normal_(machine.weight)
    nn.init.normal_(machine.visible_bias)
    classifier = FreeEnergyClassifier(machine, 4, off)
    x = torch.where(torch.rand(6, 3) < 0.5, off, 1.0).double()
    joint = torch.stack(
        [
            machine.log_likelihood(torch.cat([x, torch.where(torch.arange(4) == y, 1.0, off).expand(6, 4)], 1)).exp()
            for y in range(4)
        ],
        1,
    )
    torch.testing.assert_close(classifier(x).softmax(1), joint / joint.sum(1, keepdim=True))


def test_a_quantum_machine_classifies_too() -> None:
    classifier = FreeEnergyClassifier(QBM(2 + 2, 3), 2, off=-1)
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    labels, optimizer = torch.tensor([0, 1, 1, 0]), torch.optim.Adam(classifier.parameters(), lr=0.1)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(classifier(x), labels).backward()
        optimizer.step()
    assert (classifier(x).argmax(1) == labels).all(), "exclusive or"


def test_copies_and_pickles_keep_weights_and_freezing() -> None:
    ensemble = weighted(train_members=False)
    for other in (copy.deepcopy(ensemble), pickle.loads(pickle.dumps(ensemble))):
        assert torch.equal(other(X), ensemble(X))
        assert not other.train().members[0].training


def test_mixed_states_of_vectors_and_matrices_agree() -> None:
    psi = torch.randn(3, 5, 4, dtype=torch.complex128)
    psi /= torch.linalg.vector_norm(psi, dim=-1, keepdim=True)
    p = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)
    rho = psi[..., :, None] * psi[..., None, :].conj()
    torch.testing.assert_close(mixed_state(p, psi, pure=True), mixed_state(p, rho))
    torch.testing.assert_close(mixed_state(p, rho), (p[:, None, None, None] * rho).sum(0))


def test_a_product_of_experts_is_normalised_over_the_axis_that_is_named() -> None:
    found = product_of_experts(torch.tensor([0.5, 0.5]), torch.randn(2, 3, 4, 5), 1)
    torch.testing.assert_close(found.sum(1), torch.ones(3, 5))


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "nobody": (lambda: Ensemble([]), "without members"),
    "numbers": (lambda: Ensemble([1, 2]), "list of modules"),
    "one alone": (lambda: Ensemble(Says(A)), "got a Says"),
    "heat": (lambda: Ensemble([Says(A)], temperature="warm"), "temperature"),
    "small": (lambda: FreeEnergyClassifier(RBM(2, 2), 2), "visible=2"),
    "combination": (lambda: Ensemble([Says(A)], "vote"), "'vote'"),
    "output": (lambda: Ensemble([Says(A)], outputs="log"), "'log'"),
    "outputs": (lambda: Ensemble([Says(A)], outputs=["logits", "logits"]), "got 2, expected 1"),
    "temperature": (lambda: Ensemble([Says(A)], temperature=0.0), "temperature makes no sense"),
    "precision": (lambda: Ensemble([Says(A)], dtype=torch.float16), "precision"),
    "input": (lambda: Ensemble([Says(A)])(X.double()), "precision"),
    "logits": (lambda: Ensemble([Says(5 * A)])(X), "softmax"),
    "shapes": (lambda: Ensemble([Says(A), Says(A[:, :2])])(X), "do not fit each other"),
    "machine": (lambda: FreeEnergyClassifier(nn.Linear(3, 2), 2), "free_energy"),
    "classes": (lambda: FreeEnergyClassifier(RBM(3, 2), 1), "classes=1"),
    "units": (lambda: FreeEnergyClassifier(RBM(5, 2), 2)(torch.zeros(4, 2)), r"\(4, 2, 4\)"),
    "weights": (lambda: mixed_state(torch.ones(2) / 2, torch.eye(2).expand(3, 2, 2) / 2), "one for each of 3"),
}


@pytest.mark.parametrize(("call", "says"), WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(QdlError, match=says):
        call()
