"""What all clients share: the servers, the folder they work in, and how a run is prepared, watched
and judged."""

import os
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from measure import Command, Trouble, run

ZONE = "demo.example"
HANDLED = re.compile(rb"(\w+ \S+) -> calling handler\(\)$", re.M)


@dataclass(frozen=True)
class Case:
    """A certificate to be had."""

    name: str
    title: str
    names: tuple
    method: str = "http"
    # ec256 or rsaN, as certkeeper calls them.
    key: str = "ec256"
    # The run makes the account as well; else it has one.
    first: bool = False

    @property
    def rsa(self):
        """Bits of the RSA key; 0 for EC."""
        return int(self.key[3:]) if self.key.startswith("rsa") else 0


# What clients without a command for it make an account with.
SEED = Case("seed", "", (f"seed.{ZONE}",))


class World:
    """The servers that tests/bench has started, as it names them."""

    def __init__(self, facts):
        self.work = Path(facts["work"])
        self.directory = f"https://localhost:{facts['acme_port']}/dir"
        self.filtered = f"https://localhost:{facts['filter_port']}/dir"
        self.ca_ports = [int(facts["acme_port"]), int(facts["filter_port"])]
        self.dns_server = f"127.0.0.1:{facts['dns_port']}"
        self.dns_api = f"http://127.0.0.1:{facts['api_port']}"
        self.dns_key = facts["dns_key"]
        self.tools = {k.removeprefix("tool_"): v for k, v in facts.items() if k.startswith("tool_") and v}
        self.tools_folder = Path(facts["tools"])
        self.hook = Path(__file__).resolve().parent / "dns-hook"
        # Clients keep absolute paths in their state, so that each run happens in the same folder.
        self.run = self.work / "run"
        self.prepared = self.work / "prepared"
        # OpenWrt has /var and /tmp in memory, so everybody has them there.
        self.volatile = Path(facts["volatile"])
        self.webroot = self.work / "www"
        self.output = self.work / "output"
        self.bundle = self._bundle()
        self.env = self._environment()

    def _bundle(self):
        """The system's roots and the one of the CA's server, for everybody: how long it takes to
        read them is part of what a client costs."""
        bundle = self.work / "bundle.pem"
        system = Path("/etc/ssl/certs/ca-certificates.crt")
        roots = system.read_text(encoding="ascii", errors="replace") if system.is_file() else ""
        bundle.write_text(roots + (self.work / "pebble/ca.pem").read_text())
        return bundle

    def _environment(self):
        folders = [self.tools_folder / "bin", "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        env = {
            "PATH": ":".join(map(str, folders)),
            "HOME": str(self.run / "home"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.volatile / "tmp"),
            # How the bundle is named to Go, to certbot's HTTP library and to curl.
            "SSL_CERT_FILE": str(self.bundle),
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "CURL_CA_BUNDLE": str(self.bundle),
            "BENCH_DNS_API": f"{self.dns_api}/api/v1/servers/localhost/zones/{ZONE}",
            "BENCH_DNS_KEY": self.dns_key,
        }
        modules = self.tools_folder / "usr/lib/python3/dist-packages"
        if modules.is_dir():
            env["PYTHONPATH"] = str(modules)
        return env

    # ---- state ----

    def clear(self):
        """An empty folder to run in."""
        for folder in (self.run, self.webroot, self.volatile):
            shutil.rmtree(folder, ignore_errors=True)
        (self.run / "home").mkdir(parents=True)
        (self.webroot / ".well-known/acme-challenge").mkdir(parents=True)
        for name in ("tmp", "var"):
            (self.volatile / name).mkdir(parents=True)

    def keep(self, name):
        """Keeps the folders as the state that runs of that name begin with."""
        shutil.rmtree(self.prepared / name, ignore_errors=True)
        (self.prepared / name).mkdir(parents=True)
        subprocess.run(["cp", "-a", self.run, self.prepared / name / "run"], check=True)
        subprocess.run(["cp", "-a", self.volatile, self.prepared / name / "volatile"], check=True)

    def restore(self, name):
        """Puts a kept state in place."""
        self.clear()
        for kept, folder in (("run", self.run), ("volatile", self.volatile)):
            shutil.rmtree(folder)
            subprocess.run(["cp", "-a", self.prepared / name / kept, folder], check=True)
        # Else the client's own fsync would wait for what was copied here.
        os.sync()

    def prepare(self, commands):
        """Runs commands whose costs are of no interest."""
        self.output.write_bytes(b"")
        self.check(run(commands, self.env, self.output, trusted=self.trusted(commands)), commands)

    def trusted(self, commands):
        """uacme's library takes its roots from nowhere but the system's file."""
        return self.bundle if Path(commands[0].argv[0]).name == "uacme" else None

    def check(self, told, commands):
        """Raises what went wrong."""
        for code, command in zip(told["codes"], commands):
            if code not in command.ok:
                raise Trouble(f"exit status {code}: {self.said()}")

    def said(self):
        """The end of what the last command printed."""
        text = self.output.read_text(errors="replace").strip()
        return " | ".join(text.splitlines()[-8:])[-1200:]

    # ---- requests ----

    def log_end(self):
        """How long Pebble's log is."""
        return (self.work / "pebble/log").stat().st_size

    def requests_since(self, offset):
        """The requests that Pebble has taken since, by kind."""
        with open(self.work / "pebble/log", "rb") as log:
            log.seek(offset)
            return Counter(found.decode() for found in HANDLED.findall(log.read()))

    # ---- certificates ----

    def openssl(self, *arguments):
        """What openssl prints."""
        done = subprocess.run([self.tools["openssl"], *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"openssl {arguments[0]}: {(done.stdout + done.stderr).strip()[-300:]}")
        return done.stdout

    def judge(self, case, chain, key):
        """The certificate leads to Pebble's root, is for these names, of this kind and for this key."""
        for file in (chain, key):
            if not file.is_file():
                raise Trouble(f"there is no {file.relative_to(self.run)}")
        self.openssl("verify", "-no-CApath", "-no-CAstore", "-purpose", "sslserver",
                     "-CAfile", self.work / "pebble-root.pem", "-untrusted", chain, chain)
        text = self.openssl("x509", "-in", chain, "-noout", "-ext", "subjectAltName", "-pubkey")
        names = sorted(re.findall(r"DNS:([^,\s]+)", text))
        if names != sorted(case.names):
            raise Trouble(f"the certificate is for {' '.join(names)}")
        public = self.openssl("pkey", "-in", key, "-pubout")
        if public.strip() not in text:
            raise Trouble("key and certificate do not fit")
        kind = self.openssl("pkey", "-in", key, "-noout", "-text")
        wanted = f"({case.rsa} bit" if case.rsa else "prime256v1"
        if wanted not in kind:
            raise Trouble(f"the key is not {case.key}")


def mint(world, folder, names):
    """A certificate for each name, by openssl: state for clients that look whether the names are right."""
    folder.mkdir(parents=True)
    key = folder / "key.pem"
    world.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    for name in names:
        world.openssl("req", "-x509", "-new", "-key", key, "-days", 90, "-subj", f"/CN={name}",
                      "-addext", f"subjectAltName=DNS:{name}", "-out", folder / f"{name}.pem")


def command(world, name, *arguments, env=None, ok=(0,)):
    """A command of one of the tools."""
    if name not in world.tools:
        raise Trouble(f"{name} is not there")
    return Command([world.tools[name], *map(str, arguments)], env or {}, ok)
