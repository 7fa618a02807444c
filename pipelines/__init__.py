"""Orchestration: Dagster assets, checks, resources and schedules; the command line; settings.

This room carries data from room to room. No rule about data, models or fairness lives here.
"""
