"""Exact Shapley values of boosted trees, fast: missing values and native categories included.

Belongs here: a model's trees as arrays (trees), cut into groups of leaves (groups) that are tabulated (build, tables),
and rows looked up in the tables (explain); the compiled loops (kernel).
Does not belong here: contributions of other models, and what is made of contributions (models.explanation).
"""

from models.shapley.build import build_tables
from models.shapley.explain import explain_trees
from models.shapley.tables import Tables, load_tables, save_tables

__all__ = ["Tables", "build_tables", "explain_trees", "load_tables", "save_tables"]
