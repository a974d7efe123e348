"""Why the portal doesn't start. `PortalError` is the only class; its message is one clear sentence."""


class PortalError(Exception):
    """Something that a person must mend before the portal can serve: a port, metadata.yml, a plugin's settings."""
