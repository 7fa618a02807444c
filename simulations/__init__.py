"""Studies on simulated data whose truth is known; README.md says how to run them again."""
