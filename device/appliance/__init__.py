"""The machine as an appliance: what is in order, what is not, and what to do about it."""
