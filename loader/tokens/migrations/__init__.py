"""The table of API tokens."""
