"""The chain that ties each row of the audit to the one before it, signed, so that no edit goes unnoticed."""
