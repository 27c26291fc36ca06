"""The page of a simulation: one virtual world, run by a thread of its own, seen and operated in browsers."""
