"""What the commands print: each kind of thing as lines for people and as JSON for machines."""
