"""Where badges come from: each reader gives credentials through the Reader port."""
