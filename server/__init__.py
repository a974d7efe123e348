"""The house's foundations: settings from the environment, the embedded PostgreSQL, and what starts everything.

Loader and portal may import this room; it imports neither of them.
"""
