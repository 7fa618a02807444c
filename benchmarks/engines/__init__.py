"""One script per engine, each run in an environment of its own: `python -m benchmarks.engines.NAME DATA OUT`.

Belongs here: the best formulation of the workload that we could write for the engine.
Does not belong here: timing (workload.measured, run), or what the columns mean (workload).
"""
