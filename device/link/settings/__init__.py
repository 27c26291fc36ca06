"""The settings of the link, in a file of their own: the door's settings have no part in them."""
