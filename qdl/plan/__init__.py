"""What will be done, in which order. Holds no values."""

from qdl.plan.part import Part, Plan
from qdl.plan.planner import Planner

__all__ = ["Part", "Plan", "Planner"]
