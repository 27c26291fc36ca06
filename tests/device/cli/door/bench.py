"""What is driven, and a service to be asked."""

NO, DOOR = 1, 7
