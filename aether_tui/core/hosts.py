"""What OLLAMA_HOST means, and the address that a client can connect to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

_PORT = "11434"
_SCHEME_PORTS = {"http": "80", "https": "443"}
_SPACE = " \t\n\v\f\r"


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address in its parts; `host` may be empty, which binds to every address."""

    scheme: str
    host: str
    port: str
    path: str = ""

    @property
    def url(self) -> str:
        """The address as a URL, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = f"/{self.path.strip('/')}" if self.path.strip("/") else ""
        return f"{self.scheme}://{host}:{self.port}{path}"


def parse_host(variable: str) -> HostAddress:
    """The address that a value of OLLAMA_HOST means; as Ollama does, it takes anything and fills in what is missing."""
    text = variable.strip(_SPACE).strip("\"'").strip(_SPACE)
    scheme, separator, rest = text.partition("://")
    default_port = _PORT
    if not separator:
        scheme, rest = ("https", "ollama.com:443") if text == "ollama.com" else ("http", text)
    else:
        default_port = _SCHEME_PORTS.get(scheme, _PORT)
    place, _, path = rest.partition("/")
    split = _split_port(place)
    if split is None:
        address = _address(place.strip("[]"))
        host, port = str(address) if address else place or "127.0.0.1", default_port
    else:
        host, port = split
    return HostAddress(scheme, host, port if _is_port(port) else default_port, path)


def connectable(address: HostAddress) -> HostAddress:
    """The address to connect to: one that binds to everything is reached on this machine."""
    if address.host == "":
        return replace(address, host="127.0.0.1")
    parsed = _address(address.host)
    if parsed is None or not parsed.is_unspecified:
        return address
    return replace(address, host="127.0.0.1" if parsed.version == 4 else "::1")


def host_url(variable: str) -> str:
    """OLLAMA_HOST as the URL that a server binds to."""
    return parse_host(variable).url


def connectable_url(variable: str) -> str:
    """OLLAMA_HOST as the URL that a client connects to."""
    return connectable(parse_host(variable)).url


def _split_port(text: str) -> tuple[str, str] | None:
    """Host and port where `text` has both, as Go's net.SplitHostPort tells; else None."""
    host, colon, port = text.rpartition(":")
    if not colon or "[" in port or "]" in port:
        return None
    if host.startswith("["):
        inner = host[1:-1]
        return (inner, port) if host.endswith("]") and "[" not in inner and "]" not in inner else None
    return None if ":" in host or "[" in host or "]" in host else (host, port)


def _is_port(text: str) -> bool:
    digits = text.removeprefix("+").removeprefix("-")
    return digits.isascii() and digits.isdigit() and 0 <= int(text) <= 65535


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None  # A name, not a number.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
