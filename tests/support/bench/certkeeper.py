"""certkeeper as it is set up on a router, below a root of its own."""

import json
import shutil

from world import SEED, command

SECTION = "bench"


class Certkeeper:
    """The client that all others are compared with."""

    name = "certkeeper"

    def __init__(self, world):
        self.world = world
        self.root = world.run / "root"

    def _renew(self):
        return command(self.world, "certkeeper", "--root", self.root, "renew")

    def _configure(self, sections, case):
        """`sections`: names by section."""
        shutil.rmtree(self.root / "etc/config", ignore_errors=True)
        for folder in ("etc/config", "etc/ssl/certs"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.world.bundle, self.root / "etc/ssl/certs/ca-certificates.crt")
        for name, place in (("www", self.world.webroot), ("var", self.world.volatile / "var")):
            if not (self.root / name).is_symlink():
                (self.root / name).symlink_to(place)
        text = ["config certkeeper 'global'", "\toption accept_tos '1'", "\toption local_ca '0'", "\toption webroot '/www'"]
        if case.method == "dns":
            text.append(f"\tlist dns_server '{self.world.dns_server}'")
        text += ["", "config account 'pebble'", f"\toption acme_server '{self.world.directory}'"]
        for section, names in sections.items():
            text += ["", f"config cert '{section}'", *(f"\tlist domains '{name}'" for name in names)]
            text += [f"\toption key_type '{case.key}'", "\toption account 'pebble'"]
            if case.method == "dns":
                text.append("\toption dns 'powerdns'")
            else:
                text.append("\toption validation_method 'webroot'")
        (self.root / "etc/config/certkeeper").write_text("\n".join([*text, ""]))
        secrets = self.root / "etc/config/certkeeper_secrets"
        secrets.touch(0o600)
        if case.method == "dns":
            settings = {"PDNS_Url": self.world.dns_api, "PDNS_ServerId": "localhost", "PDNS_Token": self.world.dns_key}
            lines = "".join(f"\tlist credentials '{k}={v}'\n" for k, v in settings.items())
            secrets.write_text(f"config secret '{SECTION}'\n{lines}")

    def prepare(self, case):
        """The folder of a first run, or of one that has an account."""
        if not case.first:
            # There is no command that makes an account alone: one certificate more, then forgotten.
            self._configure({"seed": SEED.names}, SEED)
            self.world.prepare([self._renew()])
            for forgotten in ("etc/certkeeper/certs", "etc/certkeeper/primary", "etc/ssl/domains", "var/run"):
                path = self.root / forgotten
                if path.is_symlink():
                    path.unlink()
                else:
                    shutil.rmtree(path)
        self._configure({SECTION: case.names}, case)

    def issue(self, _case):
        """What gets the certificate."""
        return [self._renew()]

    def files(self, _case):
        """The chain and the key that services take."""
        links = self.root / "etc/ssl/domains"
        return links / f"{SECTION}.crt", links / f"{SECTION}.key"

    def prepare_due(self, names):
        """A section for each name with a certificate that is not due: copies of one that was issued."""
        sections = {name.partition(".")[0]: (name,) for name in names}
        first = next(iter(sections))
        self._configure({first: sections[first]}, SEED)
        self.world.prepare([self._renew()])
        certs, links = self.root / "etc/certkeeper/certs", self.root / "etc/ssl/domains"
        targets = {link.name: str(link.readlink()) for link in links.glob(f"{first}.*")}
        for section, own in sections.items():
            if section == first:
                continue
            shutil.copytree(certs / first, certs / section, symlinks=True)
            # certkeeper would make them, too, but sync the folder after each.
            for name, target in targets.items():
                (links / name.replace(first, section)).symlink_to(target.replace(first, section))
            for file in (certs / section / "versions/1/meta.json", certs / section / "issued.json"):
                about = json.loads(file.read_text())
                for entry in about if isinstance(about, list) else [about]:
                    entry["names"] = list(own)
                file.write_text(json.dumps(about))
        self._configure(sections, SEED)
        # Writes the documents in /var/run, as they are an hour later.
        self.world.prepare([self._renew()])

    def prepare_boot(self):
        """Takes away what a reboot does."""
        shutil.rmtree(self.root / "var/run/certkeeper")

    def due(self, _names):
        """What cron runs."""
        return [self._renew()]
