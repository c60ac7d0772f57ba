"""Everything between Discord and the gateway that is not a command."""
