"""DNS over TLS (RFC 7858): the server's certificate and key, and what is done when their files change."""

import os
import ssl
from typing import Final

from unbroken.errors import InputError, UnbrokenError
from unbroken.service.log import Log
from unbroken.service.settings import Tls

_ALPN: Final = "dot"

_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """The context that connections are made with. Those that there are go on when the files change."""

    def __init__(self, settings: Tls) -> None:
        """Raises InputError."""
        self._settings = settings
        self._stamp = self._stamp_now()
        self.context = _context()
        self._load_into(self.context)

    def renew(self) -> bool:
        """Take the files as they are now, if they have changed; whether they had. Raises InputError, and then what was
        loaded before goes on to serve."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return False
        # In two steps: a key that does not fit must not half replace what works.
        self._load_into(_context())
        self._load_into(self.context)
        self._stamp = stamp
        return True

    def renew_or_tell(self, log: Log) -> None:
        """As `renew`; what is wrong is a line of the log."""
        try:
            if self.renew():
                log.write("certificate-renewed", file=self._settings.certificate)
        except UnbrokenError as error:
            log.write("certificate-not-renewed", what=error)

    def _load_into(self, context: ssl.SSLContext) -> None:
        certificate, key = self._settings.certificate, self._settings.key
        try:
            # An empty passphrase: nobody is there to be asked for one.
            context.load_cert_chain(certificate, key, password="")
        except ssl.SSLError as error:
            what = (
                "the key does not belong to the certificate"
                if "MISMATCH" in str(error)
                else "no PEM certificate and key"
            )
            raise InputError(
                f"tls, {certificate} and {key}", what, "give the certificate chain and its key, unencrypted"
            ) from None
        except OSError as error:
            raise InputError(f"tls, {certificate} and {key}", error.strerror or "can't be read") from None

    def _stamp_now(self) -> _Stamp:
        found = []
        for table, path in (("certificate", self._settings.certificate), ("key", self._settings.key)):
            try:
                state = os.stat(path)
            except (OSError, ValueError):
                raise InputError(
                    f"tls.{table}", f"{path or 'no file'}: can't be read", "give the name of a PEM file"
                ) from None
            found.append((state.st_mtime_ns, state.st_ino, state.st_size))
        return tuple(found)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # RFC 8310 §8.2 and RFC 9325 §3.1.1: TLS 1.2 at least.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([_ALPN])
    return context
