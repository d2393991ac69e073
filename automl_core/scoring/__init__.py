"""What an exported model needs to run, and nothing more."""
