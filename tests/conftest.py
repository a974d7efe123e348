"""The fixtures that every test may ask for; what they do is in house.py, sample.py and browsing.py."""

from browsing import browser
from house import client, house
from sample import sample_house

__all__ = ["browser", "client", "house", "sample_house"]
