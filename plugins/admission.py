"""Who was let in on what was remembered of the account: no answer leaves before that has proved still true.

A page of data is read in one statement with the version of the accounts at that moment; where it is the one that the
account was remembered with, nobody has changed an account since, and the page may go. Else the account is looked up.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

ADMISSION = "elasticc_admission"  # in the scope

# What the trigger of loader/elasticc/migrations/0010_accounts_version.py keeps.
VERSION = "(select bit_xor(c.token) from tally.change c where c.relation = 'auth_user')"


@dataclass
class Admission:
    """Of one request that came with a session's `cookie`; `look_up` asks the database whose it is."""

    cookie: str
    version: int
    look_up: Callable[[str], Awaitable[object | None]]
    is_proved: bool = False

    def see(self, version: int | None) -> None:
        """The version that the database had when the answer was read."""
        self.is_proved = self.is_proved or version == self.version

    async def holds(self) -> bool:
        """Raises PostgresError."""
        if not self.is_proved:
            self.is_proved = await self.look_up(self.cookie) is not None
        return self.is_proved
