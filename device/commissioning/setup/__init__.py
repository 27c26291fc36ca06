"""`lintel setup`: from a stock Pi to a door that its first person has opened, one step after the other."""
