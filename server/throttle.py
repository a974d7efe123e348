"""How often one may fail to log in: some times at once, then seldom. Counted a name and address, and an address over all names.

An account is never locked as such: whoever guesses at it from elsewhere doesn't keep its owner out. Memory is bounded; what is
forgotten first is what was least tried lately.
"""

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KEYS = 20_000


@dataclass(frozen=True)
class TooManyLogins(Exception):
    """A login that isn't even tried; the message is for the person, `wait_s` for the program."""

    wait_s: int

    def __str__(self) -> str:
        return f"Too many failed logins from this address: try again in {self.wait_s} seconds."


class Buckets:
    """`burst` tries at once, then one every `interval_s`. One number a key: when its bucket will be full again."""

    def __init__(self, burst: int, interval_s: float, clock: Callable[[], float], most_keys: int = MOST_KEYS) -> None:
        self._burst, self._interval_s, self._clock, self._most_keys = burst, interval_s, clock, most_keys
        self._full_at: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait_s(self, key: bytes) -> float:
        """Seconds until the next try; 0 for now."""
        late_s = self._full_at.get(key, 0.0) - self._clock() - (self._burst - 1) * self._interval_s
        return max(0.0, late_s)

    def take(self, key: bytes) -> None:
        self._full_at[key] = max(self._full_at.get(key, 0.0), self._clock()) + self._interval_s
        self._full_at.move_to_end(key)
        while len(self._full_at) > self._most_keys or next(iter(self._full_at.values())) <= self._clock():
            self._full_at.popitem(last=False)

    def give_back(self, key: bytes) -> None:
        if key in self._full_at:
            self._full_at[key] -= self._interval_s

    def forget(self, key: bytes) -> None:
        self._full_at.pop(key, None)


class Throttle:
    """Takes before the password is checked, so that a hundred tries at once aren't let through; gives back if it was right."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.pairs = Buckets(10, 30, clock)
        self.addresses = Buckets(60, 5, clock)

    def admit(self, name: str, address: str) -> None:
        """Raises TooManyLogins."""
        pair, network = _keys(name, address)
        wait_s = max(self.pairs.wait_s(pair), self.addresses.wait_s(network))
        if wait_s > 0:
            raise TooManyLogins(math.ceil(wait_s))
        self.pairs.take(pair)
        self.addresses.take(network)

    def forgive(self, name: str, address: str) -> None:
        pair, network = _keys(name, address)
        self.pairs.forget(pair)
        self.addresses.give_back(network)


def _keys(name: str, address: str) -> tuple[bytes, bytes]:
    """Of one length, however long the name is."""
    network = _network(address).encode()
    return hashlib.blake2b(network + b"\x00" + name.encode("utf-8", "replace"), digest_size=16).digest(), network


def _network(address: str) -> str:
    """Who has one IPv6 address has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
