"""What the environment says, read once into one object; and the secrets, from the environment, a file, or made here."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from server.errors import ServerError

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where things are. `database_url` is an administrator's URL; None means the embedded server in `home`.

    `state` is what the portal itself writes: long queries, their results, the sessions that were ended. `uploads` is where
    the admin site keeps files until they are loaded, `admin_port` its port in `make run`.
    """

    home: Path
    state: Path
    host: str = "127.0.0.1"
    port: int = 8001
    admin_port: int = 8002
    uploads: Path
    upload_mb: int = 2000
    database_url: str | None = None
    first_user: str = "elasticc"
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read ELASTICC_*; raises ServerError for a port that is no port or a URL of another kind."""
        home = Path(environ.get("ELASTICC_HOME") or PROJECT / ".elasticc").expanduser().resolve()
        return cls(
            home=home,
            state=Path(environ.get("ELASTICC_STATE") or home / "state").expanduser().resolve(),
            host=environ.get("ELASTICC_HOST") or "127.0.0.1",
            port=_port("ELASTICC_PORT", environ.get("ELASTICC_PORT") or "8001"),
            admin_port=_port("ELASTICC_ADMIN_PORT", environ.get("ELASTICC_ADMIN_PORT") or "8002"),
            uploads=Path(environ.get("ELASTICC_UPLOADS") or home / "uploads").expanduser().resolve(),
            upload_mb=_megabytes(environ.get("ELASTICC_UPLOAD_MB") or "2000"),
            database_url=_postgres_url(_value(environ, "database_url")),
            first_user=environ.get("ELASTICC_FIRST_USER") or "elasticc",
            environ=dict(environ),
        )

    def secret(self, name: str) -> str:
        """ELASTICC_<NAME>, the file that ELASTICC_<NAME>_FILE names, or home/secrets/<name>, made at random when new."""
        given = _value(self.environ, name)
        if given is not None:
            return given
        path = self.home / "secrets" / name
        try:
            return path.read_text().strip() if path.exists() else _make_secret(path)
        except OSError as error:
            raise ServerError(f"The secret {path} can't be read or written: {error.strerror}.") from error


def role_url(admin_url: str, role: str, password: str) -> str:
    """The same server and database as `admin_url`, for another role."""
    parts = urlsplit(admin_url)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role, safe='')}:{quote(password, safe='')}@{address}"))


def _value(environ: Mapping[str, str], name: str) -> str | None:
    key = f"ELASTICC_{name.upper()}"
    if environ.get(key):
        return environ[key]
    file = environ.get(f"{key}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise ServerError(f"{key}_FILE names {file}, which can't be read: {error.strerror}.") from error


def _make_secret(path: Path) -> str:
    """Two processes may come at once: the first to link its file wins, and both read the same secret."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(24))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text()


def _port(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise ServerError(f"{name} is {text!r}, which is no port number (1 to 65535).")


def _megabytes(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 1_000_000:
        return int(text)
    raise ServerError(f"ELASTICC_UPLOAD_MB is {text!r}, which is no number of megabytes (1 to 1000000).")


def _postgres_url(url: str | None) -> str | None:
    if url is None or urlsplit(url).scheme in ("postgresql", "postgres"):
        return url
    raise ServerError("ELASTICC_DATABASE_URL must begin with postgresql://.")
