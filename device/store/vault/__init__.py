"""The vault: references and PIN hashes lie in the database sealed, each person's under a key of their own."""
