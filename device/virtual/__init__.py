"""Virtual peripherals: the ports on a desktop, and the clock they run on."""
