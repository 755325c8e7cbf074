"""A certificate authority of the tests, and servers' certificates by it: good ones, and ones that are wrong in one way."""

import ssl
import subprocess
from pathlib import Path

CONFIGURATION = """
[ca]
default_ca = ours
[ours]
database = {folder}/index
new_certs_dir = {folder}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def openssl(*words: object) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Authority:
    """Nobody trusts it who is not told to, by the path of its own certificate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.certificate, self._key = folder / "authority.pem", folder / "authority.key"
        self._configuration = folder / "configuration"
        self._configuration.write_text(CONFIGURATION.format(folder=folder))
        (folder / "index").touch()
        openssl("req", "-x509", *KEY, "-days", 2, "-subj", "/CN=Authority of the tests", "-keyout", self._key,
                "-out", self.certificate)

    def context(self, *names: str, start: str = "20200101000000Z", end: str = "20490101000000Z") -> ssl.SSLContext:
        """What a server needs that is to be all of the names ("DNS:localhost")."""
        name = f"server{len(list(self.folder.iterdir()))}"
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "request", "pem"))
        openssl("req", *KEY, "-subj", "/CN=a server of the tests", "-addext", f"subjectAltName={','.join(names)}",
                "-keyout", key, "-out", request)
        openssl("ca", "-batch", "-config", self._configuration, "-cert", self.certificate, "-keyfile", self._key,
                "-startdate", start, "-enddate", end, "-in", request, "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
