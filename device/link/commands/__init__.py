"""Commands in: carried from the broker to the door's service, which alone judges them."""
