"""What is kept: people, badges, references, and the audit, in one SQLite file."""
