"""Cohorts, outcomes, splits, candidates, calibration, selection, scoring, explanation, registry.

Belongs here: everything between the feature matrix and the audit. Alone imports shap and mlflow.
Does not belong here: features themselves, protected groups, verdicts, Dagster.
"""
