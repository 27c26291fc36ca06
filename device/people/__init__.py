"""What operators do with people beyond badges and names: rights, legal bases, retention, lists, and look-alikes."""
