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
        description="Maximum size of the body of a request to the API, in bytes. The largest "
        "environment document is far smaller.",
    )
    api_bind: str = Field(
        default="127.0.0.1:8000",
        description="Address and port of the API: `HOST:PORT`, `[::1]:8000`. Default: loopback "
        "only, because without TLS passwords and tokens can be read on the way. "
        "`calipso up` takes another free port when this one is taken.",
    )
    api_workers: int = Field(
        default=2,
        ge=1,
        description="Processes of the API. Each uses one core. With two, one can answer while the "
        "other reads much.",
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
        description="Seconds a stopping API gives requests to end. Keep it below the 20 that "
        "`calipso down` waits, and far above the time of an answer.",
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
        description="Origins whose pages may call the API from a browser, separated by commas "
        "(`https://portal.example.org`), or `*`. Empty: none; pages of the API itself need none.",
    )
    api_proxies: int = Field(
        default=0,
        ge=0,
        description="Reverse proxies before the API, whose `X-Forwarded-For` and "
        "`X-Forwarded-Proto` are believed. Never set more proxies than exist: otherwise clients "
        "choose the address in logs and in the count of login attempts.",
    )
    api_streams: int = Field(
        default=8,
        ge=1,
        description="Event streams (progress of a scan) one process of the API keeps open. Each "
        "holds a thread. Keep it below the threads of a process, so that requests find a thread.",
    )
    api_stream_seconds: float = Field(
        default=300.0,
        gt=0,
        description="Seconds an event stream lasts. Then the client connects again by itself and "
        "gets the changes. The bound makes a revoked token and a stopping server effective.",
    )
    api_metrics_token: str = Field(
        default="",
        repr=False,
        description="Token that `/metrics` of the API wants as `Authorization: Bearer`. Empty: "
        "everybody who reaches the address can read `/metrics`: counts, no names of objects.",
    )
    token_lifetime: int = Field(
        default=86_400,
        ge=60,
        le=31_536_000,
        description="Seconds until the token of a login expires. Default: a day, as in the "
        "original.",
    )
    token_longest_session: int = Field(
        default=604_800,
        ge=60,
        description="Seconds after a login with a password, after which tokens exchanged for its "
        "token expire. With a week, a page that stays open over a weekend goes on, and a stolen "
        "token ends. Not below `token_lifetime`.",
    )
    login_attempts: int = Field(
        default=10,
        ge=1,
        description="Wrong passwords for one name from one address within `login_window`, before "
        "the next attempt is refused with 429. The limit is ten times as high for a name from all "
        "addresses together, and for an address with all names. A person has enough attempts; a "
        "stranger cannot guess a password, and cannot easily lock others out.",
    )
    login_window: int = Field(
        default=300, ge=1, description="Seconds over which wrong passwords are counted."
    )
    monitoring_results: int = Field(
        default=30_000,
        ge=100,
        description="Results of other monitoring systems that one caller may send in a minute, "
        "before more are refused with 429.",
    )
    ldap_config: Path | None = Field(
        default=None,
        description="File of `key value` lines: the LDAP directory that also checks passwords. "
        "Empty: `/etc/calipso/ldap.conf` if it exists, otherwise no directory.",
    )
    ldap_timeout: float = Field(
        default=5.0,
        gt=0,
        description="Seconds to connect to the directory, and seconds for each of its answers. A "
        "login asks up to four questions; the person and a thread of the API wait for them.",
    )
