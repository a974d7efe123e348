"""What can go wrong in the loader. A message is one clear sentence; the command line prints it and nothing else.

LoaderError
├── NotInitialised      the database has no tables or roles yet
├── InitFailed          a step that the house can't do without was refused: what, reason
├── AccountError        a name that is taken, unknown or no name; a password that is no good
├── CannotListen        `serve` can't have its port
└── IngestError         a refused file (loader.ingest.errors has the tree below it)
"""


class LoaderError(Exception):
    """Base of all that the loader raises on purpose."""


class NotInitialised(LoaderError):
    def __init__(self) -> None:
        super().__init__("The database has no tables yet; run `python -m loader init` first.")


class InitFailed(LoaderError):
    """`what` was to be done, `reason` is the server's word."""

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(f"Init can't go on: {what}: {reason}")


class AccountError(LoaderError):
    pass


class CannotListen(LoaderError):
    pass
