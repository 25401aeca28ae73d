"""Results become tables, figures and sentences; the only room that rounds."""
