"""A Discord on loopback: REST v10 and gateway v10 for bots, and `Control` for those who play its people.

It imports nothing of Rolekey: any bot can be run against it.
"""
