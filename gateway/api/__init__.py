"""The gateway's routes, one module per kind of thing."""
