"""The gateway's pages, for people with a browser: made on the server, readable before any script runs."""
