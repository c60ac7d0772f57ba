"""One package or module per feature: commands, listeners, views. They translate between Discord and `bot`."""
