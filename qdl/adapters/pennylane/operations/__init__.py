"""PennyLane's operators as qdl's operations, and its observables as sums of words."""

from __future__ import annotations

from qdl.adapters.pennylane.operations.translation import native, translate
from qdl.adapters.pennylane.operations.words import terms_of

__all__ = ["native", "terms_of", "translate"]
