"""Events as requests over HTTPS, after the Standard Webhooks specification, and as messages in chats."""
