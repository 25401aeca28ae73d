"""Where a gap sits, whether it is mix or rate, and which causes were counted."""
