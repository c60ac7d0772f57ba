"""The state of the stand-in and its rules; knows no HTTP."""
