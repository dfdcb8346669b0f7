"""Settings of the REST API; they are part of `calipso.settings.Settings`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class ApiSettings(BaseSettings):
    """How the API is served, and who may log in."""

    api_max_body: int = Field(
        default=1_048_576,
        ge=1024,
        description="Bytes the body of a request to the API may have; the largest environment "
        "document is far below.",
    )
    api_bind: str = Field(
        default="127.0.0.1:8000",
        description="Address and port of the API: `HOST:PORT`, `[::1]:8000`. On loopback until "
        "somebody decides otherwise: without TLS, passwords and tokens can be read on the way. "
        "`calipso up` takes another free port when this one is taken.",
    )
    api_workers: int = Field(
        default=2,
        ge=1,
        description="Processes of the API. One uses one core; two let one answer while the other "
        "reads much.",
    )
    api_threads: int = Field(
        default=16,
        ge=1,
        description="Requests one process of the API works on at once. They wait for MongoDB most "
        "of the time; event streams hold one each (`api_streams`).",
    )
    api_grace: float = Field(
        default=15.0,
        ge=0,
        description="Seconds a stopping API gives requests to end. Below the 20 that `calipso "
        "down` waits, and far above what an answer takes.",
    )
    api_certificate: Path | None = Field(
        default=None,
        description="File with the certificate of the API, and those between it and its root, in "
        "PEM: it then speaks HTTPS, TLS 1.2 at least. Empty: HTTP.",
    )
    api_key: Path | None = Field(
        default=None,
        description="File with the private key of the certificate, in PEM, not encrypted. Empty: "
        "it is in the file of the certificate.",
    )
    api_cors_origins: str = Field(
        default="",
        description="Origins whose pages may call the API from a browser, parted by commas "
        "(`https://portal.example.org`), or `*`. Empty: none; pages of the API itself need none.",
    )
    api_proxies: int = Field(
        default=0,
        ge=0,
        description="Reverse proxies before the API, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed. Not more than there are: else clients choose the "
        "address that logs show and that attempts to log in are counted for.",
    )
    api_streams: int = Field(
        default=8,
        ge=1,
        description="Event streams (progress of a scan) one process of the API keeps open. Each "
        "holds a thread: below the threads of a process, so that some are left for requests.",
    )
    api_stream_seconds: float = Field(
        default=300.0,
        gt=0,
        description="Seconds an event stream lasts; the client comes again by itself and hears "
        "what changed. Bounded, so that a revoked token or a stopping server ends it.",
    )
    api_metrics_token: str = Field(
        default="",
        repr=False,
        description="Token that `/metrics` of the API wants as `Authorization: Bearer`. Empty: "
        "`/metrics` is open to whoever reaches the address; it tells counts, no names of objects.",
    )
    token_lifetime: int = Field(
        default=86_400,
        ge=60,
        le=31_536_000,
        description="Seconds a token of a login is good for; the original's day.",
    )
    token_longest_session: int = Field(
        default=604_800,
        ge=60,
        description="Seconds after a login with a password beyond which no token got by exchanging "
        "another one lives. A week: a page left open over the weekend goes on, a stolen token does "
        "not for ever. Not below `token_lifetime`.",
    )
    login_attempts: int = Field(
        default=10,
        ge=1,
        description="Wrong passwords for one name from one address within `login_window`, before "
        "the next try is refused with 429; ten times as many for a name from all addresses "
        "together, and for an address with all names. Enough for a person who searches the right "
        "one; a stranger who guesses gets nowhere, and cannot easily shut others out.",
    )
    login_window: int = Field(
        default=300, ge=1, description="Seconds over which wrong passwords are counted."
    )
    ldap_config: Path | None = Field(
        default=None,
        description="File of `key value` lines: the LDAP directory that also checks passwords. "
        "Empty: `/etc/calipso/ldap.conf` when it is there, else no directory.",
    )
    ldap_timeout: float = Field(
        default=5.0,
        gt=0,
        description="Seconds the directory may take to be reached, and to answer a question. A "
        "login asks up to four; a person waits so long, a worker of the API too.",
    )
