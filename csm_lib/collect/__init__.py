"""Raw exports become checked, versioned tables and one fact table per grain."""
