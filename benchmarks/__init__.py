"""Time and memory against the peers: `make bench`.

Belongs here: made-up data of any size, one script per engine, the harness, the tables of docs/benchmarks.md.
Does not belong here: anything that the pipeline needs, or a peer in our own environment.
"""
