"""The fixtures that every test may ask for; what they do is in house.py."""

from house import client, house

__all__ = ["client", "house"]
