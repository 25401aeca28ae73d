"""How many people are needed at what hour, and what a change would do."""
