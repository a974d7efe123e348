"""The fixtures that every test may ask for; what they do is in house.py and sample.py."""

from house import client, house
from sample import sample_house

__all__ = ["client", "house", "sample_house"]
