"""The bot in a simulated Discord, on a local page. Nothing but its command and its tests imports it."""
