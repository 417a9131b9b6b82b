"""The other clients, as their manuals set them up, with what Debian packages."""

import json
import os
import shutil
import subprocess
from dataclasses import replace

from world import SEED, ZONE, command, mint

EMAIL = f"admin@{ZONE}"


class Peer:
    """A client in a folder of its own."""

    name = ""

    def __init__(self, world):
        self.world = world
        self.folder = world.run / self.name.partition(",")[0]

    def prepare(self, case):
        """The folder of a first run, or of one that has an account."""
        self.folder.mkdir(parents=True)
        if not case.first:
            self.world.prepare(self.register())

    def challenges(self):
        """Where web servers look for challenge files."""
        return self.world.webroot / ".well-known/acme-challenge"

    def as_prepared(self, case, commands):
        """Puts the registration before what a first run does."""
        return [*self.register(), *commands] if case.first else commands

    def register(self):
        """Makes an account."""
        raise NotImplementedError


class Uacme(Peer):
    """uacme with the http-01 hook of its package."""

    name = "uacme"

    def directory(self):
        return self.world.directory

    def _call(self, *arguments, ok=(0,)):
        options = ("-a", self.directory(), "-c", self.folder, "-y")
        env = {"UACME_CHALLENGE_PATH": str(self.challenges())}
        return command(self.world, "uacme", *options, *arguments, env=env, ok=ok)

    def _hook(self, case):
        if case.method == "dns":
            return self.world.hook
        # The folder of an unpacked package comes first.
        places = (self.world.tools_folder / "usr/share/uacme/uacme.sh", "/usr/share/uacme/uacme.sh")
        return next(str(place) for place in places if os.path.isfile(place))

    def register(self):
        return [self._call("-t", "EC", "new", EMAIL)]

    def issue(self, case):
        key = ("-t", "RSA", "-b", case.rsa) if case.rsa else ("-t", "EC", "-b", "256")
        return self.as_prepared(case, [self._call(*key, "-h", self._hook(case), "issue", *case.names)])

    def files(self, case):
        return self.folder / case.names[0] / "cert.pem", self.folder / "private" / case.names[0] / "key.pem"

    def prepare_due(self, names):
        self.prepare(SEED)
        minted = self.world.run / "minted"
        mint(self.world, minted, names)
        for name in names:
            for folder in (self.folder / name, self.folder / "private" / name):
                folder.mkdir(mode=0o700)
            shutil.copy(minted / f"{name}.pem", self.folder / name / "cert.pem")
            shutil.copy(minted / "key.pem", self.folder / "private" / name / "key.pem")

    def due(self, names):
        # 1: it is not time yet.
        hook = self._hook(SEED)
        return [self._call("-n", "-t", "EC", "-h", hook, "issue", name, ok=(1,)) for name in names]


class FilteredUacme(Uacme):
    """uacme with a CA that offers no challenge on which it trips (filter.py)."""

    name = "uacme, filtered"

    def directory(self):
        return self.world.filtered


class Lego(Peer):
    """lego with its own providers."""

    name = "lego"

    def _call(self, case, *arguments):
        options = ["--server", self.world.directory, "--path", self.folder, "--accept-tos", "--email", EMAIL]
        options += ["--key-type", case.key]
        env = {}
        if case.method == "dns":
            # It does not look for the records itself: it would ask their nameserver at port 53.
            options += ["--dns", "pdns", "--dns.disable-cp", "--dns.resolvers", self.world.dns_server]
            env = {"PDNS_API_URL": self.world.dns_api, "PDNS_API_KEY": self.world.dns_key}
        else:
            options += ["--http", "--http.webroot", self.world.webroot]
        options += [word for name in case.names for word in ("--domains", name)]
        return command(self.world, "lego", *options, *arguments, env=env)

    def register(self):
        # There is no command that makes an account alone.
        return [self._call(SEED, "run")]

    def issue(self, case):
        return [self._call(case, "run")]

    def files(self, case):
        folder = self.folder / "certificates"
        return folder / f"{case.names[0]}.crt", folder / f"{case.names[0]}.key"

    def prepare_due(self, names):
        self.prepare(SEED)
        folder = self.folder / "certificates"
        seed = SEED.names[0]
        for name in names:
            for ending in ("crt", "key", "issuer.crt"):
                shutil.copy(folder / f"{seed}.{ending}", folder / f"{name}.{ending}")
            about = json.loads((folder / f"{seed}.json").read_text())
            (folder / f"{name}.json").write_text(json.dumps({**about, "domain": name}))

    def due(self, names):
        return [self._call(replace(SEED, names=(name,)), "renew", "--days", "30") for name in names]


class Certbot(Peer):
    """certbot with its webroot plugin, and a manual hook for DNS."""

    name = "certbot"

    def _call(self, *arguments):
        folders = [word for kind in ("config", "work", "logs") for word in (f"--{kind}-dir", self.folder / kind)]
        return command(self.world, "certbot", *arguments, "--non-interactive", "--server", self.world.directory, *folders)

    def register(self):
        return [self._call("register", "--agree-tos", "--no-eff-email", "-m", EMAIL)]

    def issue(self, case):
        arguments = ["certonly", "--agree-tos", "--no-eff-email", "-m", EMAIL]
        if case.rsa:
            arguments += ["--key-type", "rsa", "--rsa-key-size", case.rsa]
        else:
            arguments += ["--key-type", "ecdsa", "--elliptic-curve", "secp256r1"]
        if case.method == "dns":
            arguments += ["--manual", "--preferred-challenges", "dns", "--manual-auth-hook", f"{self.world.hook} add"]
            arguments += ["--manual-cleanup-hook", f"{self.world.hook} remove"]
        else:
            arguments += ["--webroot", "-w", self.world.webroot]
        return [self._call(*arguments, *(word for name in case.names for word in ("-d", name)))]

    def files(self, case):
        folder = self.folder / "config/live" / case.names[0]
        return folder / "fullchain.pem", folder / "privkey.pem"

    def prepare_due(self, names):
        self.prepare(SEED)
        self.world.prepare(self.issue(SEED))
        seed, config = SEED.names[0], self.folder / "config"
        settings = (config / f"renewal/{seed}.conf").read_text()
        for name in names:
            (config / f"renewal/{name}.conf").write_text(settings.replace(seed, name))
            shutil.copytree(config / "archive" / seed, config / "archive" / name)
            (config / "live" / name).mkdir()
            for kind in ("cert", "chain", "fullchain", "privkey"):
                (config / "live" / name / f"{kind}.pem").symlink_to(f"../../archive/{name}/{kind}1.pem")
        (config / f"renewal/{seed}.conf").unlink()

    def due(self, _names):
        return [self._call("renew", "--no-random-sleep-on-renew")]


class Dehydrated(Peer):
    """dehydrated."""

    name = "dehydrated"

    def _configure(self, case):
        settings = {
            "CA": self.world.directory,
            "BASEDIR": self.folder,
            "WELLKNOWN": self.challenges(),
            "CONTACT_EMAIL": EMAIL,
            "KEY_ALGO": "rsa" if case.rsa else "prime256v1",
            "KEYSIZE": case.rsa or 4096,
        }
        if case.method == "dns":
            settings |= {"CHALLENGETYPE": "dns-01", "HOOK": self.world.hook}
        (self.folder / "config").write_text("".join(f'{key}="{value}"\n' for key, value in settings.items()))
        (self.folder / "domains.txt").write_text(" ".join(case.names) + "\n")

    def _call(self, *arguments):
        return command(self.world, "dehydrated", *arguments, "--config", self.folder / "config")

    def prepare(self, case):
        self.folder.mkdir(parents=True)
        self._configure(case)
        if not case.first:
            self.world.prepare(self.register())

    def register(self):
        return [self._call("--register", "--accept-terms")]

    def issue(self, case):
        return self.as_prepared(case, [self._call("--cron")])

    def files(self, case):
        folder = self.folder / "certs" / case.names[0]
        return folder / "fullchain.pem", folder / "privkey.pem"

    def prepare_due(self, names):
        self.prepare(SEED)
        minted = self.world.run / "minted"
        mint(self.world, minted, names)
        for name in names:
            folder = self.folder / "certs" / name
            folder.mkdir(parents=True, mode=0o700)
            for kind in ("cert", "fullchain", "chain"):
                shutil.copy(minted / f"{name}.pem", folder / f"{kind}.pem")
            shutil.copy(minted / "key.pem", folder / "privkey.pem")
        (self.folder / "domains.txt").write_text("".join(f"{name}\n" for name in names))

    def due(self, _names):
        return [self._call("--cron")]


PEERS = (Uacme, FilteredUacme, Lego, Certbot, Dehydrated)


def version(world, name):
    """The version as Debian knows it: not every client tells its own."""
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    if asked.returncode == 0 and asked.stdout:
        return asked.stdout
    listed = world.tools_folder / "packages"
    lines = listed.read_text().splitlines() if listed.is_file() else []
    return next((line.split("_")[1] for line in lines if line.startswith(f"{name}_")), "unknown")
