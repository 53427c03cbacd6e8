"""What will be done, in which order. Holds no values."""

from qdl.plan.part import Part, Plan
from qdl.plan.planner import Choice, Planner

__all__ = ["Choice", "Part", "Plan", "Planner"]
