"""Discord's gateway v10."""
