"""Exact Shapley values of boosted trees, fast: missing values and native categories included.

Belongs here: the arithmetic (kernel), a model's trees as arrays (trees), cut into groups (groups) that are tabulated (tables),
and rows looked up in them (explain).
Does not belong here: contributions of other models, and what is made of contributions (models.explanation).
"""

from models.shapley.explain import explain_trees
from models.shapley.tables import Tables, build_tables, load_tables, save_tables

__all__ = ["Tables", "build_tables", "explain_trees", "load_tables", "save_tables"]
