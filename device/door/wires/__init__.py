"""Pins: the relay, outputs and inputs of a door on a GPIO chip."""
