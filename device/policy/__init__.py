"""What is allowed: pure functions of values and a clock."""
