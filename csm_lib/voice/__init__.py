"""What customers say, and how far a questionnaire can be trusted."""
