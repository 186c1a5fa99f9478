"""A certificate authority and what it signs, made by the openssl command in a scenario's folder."""

import subprocess

from .places import program


def _openssl(*arguments):
    subprocess.run([program("openssl"), *map(str, arguments)], check=True, capture_output=True)


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    def __init__(self, folder, name="ca"):
        self.folder = folder
        self.certificate = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        _openssl("req", "-x509", *KEY, "-days", 2, "-subj", f"/CN=Test {name}", "-keyout",
                 self._key, "-out", self.certificate)

    def issue(self, name, alternative_names=""):
        """Certificate and key for `name`; a server's names are "DNS:localhost,IP:127.0.0.1"."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative_names}\n" if alternative_names else "")
        _openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-days", 1, "-in", request, "-CA", self.certificate, "-CAkey",
                 self._key, "-CAcreateserial", "-extfile", extensions, "-out", certificate)
        return certificate, key
