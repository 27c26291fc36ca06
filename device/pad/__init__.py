"""What a door's presentation attack detection is worth: recordings of live people and of attacks, tried and counted."""
