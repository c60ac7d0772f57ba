"""The gateway: owns upstream accounts, issues keys, stores conversations. Runs alone or inside the bot."""
