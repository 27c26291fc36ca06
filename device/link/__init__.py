"""Events out: a process of its own that carries rows of the audit from the operators' socket to the house's network."""
