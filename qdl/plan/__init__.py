"""What will be done, in which order. Holds no values."""

from qdl.plan.plan import AngleTable, Part, Plan, Planner

__all__ = ["AngleTable", "Part", "Plan", "Planner"]
