"""Addresses of databases and servers: whether they carry a password, and what of them may be shown."""

from urllib.parse import parse_qsl, unquote, urlsplit

SECRETS = ("password", "passfile", "sslpassword")
"""Parameters of a URI that must not be shown."""


def carries_password(uri: str) -> bool:
    """Whether a URI holds a password, before the host or among its parameters."""
    return bool(_secrets(uri))


def address(uri: str) -> str:
    """A URI as it may be shown: without user, password and parameters; a plain path as it is."""
    if "://" not in uri:
        return uri
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def without_secrets(words: str, uri: str) -> str:
    """Words that may quote a URI, with nothing of it that must not be shown."""
    words = words.replace(uri, address(uri))
    for secret in _secrets(uri):
        words = words.replace(secret, "***").replace(unquote(secret), "***")
    return words


def _secrets(uri: str) -> list[str]:
    parts = urlsplit(uri)
    before_host = parts.netloc.rpartition("@")[0].partition(":")[2]
    among_parameters = [value for name, value in parse_qsl(parts.query) if name.lower() in SECRETS]
    return [secret for secret in (before_host, *among_parameters) if secret]
