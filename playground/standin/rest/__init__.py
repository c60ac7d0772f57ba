"""Discord's REST API v10, one module for each subject."""
