"""What can go wrong before the portal answers. `ServerError` is the only class; its message is one clear sentence."""


class ServerError(Exception):
    """The house can't be started or reached; the message says why, for a person to read."""
