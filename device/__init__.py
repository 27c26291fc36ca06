"""What runs at the door, and, with virtual peripherals, on a desk."""
