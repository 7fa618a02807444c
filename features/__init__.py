"""What the agency knew about a case on a day: specifications, point-in-time matrices, evidence, factor words."""
