"""The action plan: who does what by when, and whether it was done."""
