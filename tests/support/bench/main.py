"""Runs every case with every client and prints what it took. Called by tests/bench, which has
started the servers; the arguments are NAME=VALUE facts about them."""

import json
import os
import platform
import signal
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

import report
from certkeeper import Certkeeper
from measure import Command, Trouble, run, trace
from peers import PEERS, FilteredUacme, version
from world import ZONE, Case, World

RUNS = 5
# certkeeper is done in a blink, so that whatever else the machine does weighs more: as many in a row.
OURS_IN_A_ROW = 3
# The search for primes takes as long as luck has it: its median needs more runs.
RSA_RUNS = 9
# A client's thousand certificates are not worth more seconds than this.
PATIENCE = 120


def numbered(count):
    return tuple(f"n{n:03}.{ZONE}" for n in range(1, count + 1))


FIRST = Case("first", "first certificate: account, 1 name, http-01, EC-256", (f"www.{ZONE}",), first=True)
TEN = Case("ten", "10 names, http-01, with an account", numbered(10))
TEN_DNS = Case("ten-dns", "10 names, dns-01, with an account", numbered(10), method="dns")
HUNDRED = Case("hundred", "100 names, http-01, with an account", numbered(100))
RSA = Case("rsa4096", "RSA-4096, 1 name, http-01, with an account", (f"www.{ZONE}",), key="rsa4096")


@dataclass
class Job:
    """A client in a case."""

    client: str
    state: str
    prepare: Callable
    commands: Callable
    judge: Callable
    turns: int
    traced: bool = True
    in_a_row: int = 1


class Bench:
    """All the measurements."""

    def __init__(self, world, facts):
        self.world = world
        self.quick = facts.get("quick") == "1"
        self.only = set(facts.get("cases", "").split(",")) - {""}
        self.results = []
        self.certkeeper = Certkeeper(world)
        self.clients = [self.certkeeper, *(peer(world) for peer in PEERS)]
        self.can_trace = self._try_strace()

    def _try_strace(self):
        # Some containers forbid it: then counts are missing, and all else goes on.
        if not {"strace", "time"} <= self.world.tools.keys():
            return False
        self.world.clear()
        try:
            told = trace([Command(["true"])], self.world.env, self.world.output, self.world.run, self.world.tools, [])
            return told["codes"] == [0] and told["processes"] == 1
        except (Trouble, OSError, ValueError):
            return False

    def turns(self, count):
        return 1 if self.quick else count

    def in_a_row(self, client, case):
        often = client is self.certkeeper and not self.quick and not (case and case.rsa)
        return OURS_IN_A_ROW if often else 1

    def wants(self, case):
        return not self.only or case in self.only

    # ---- one case ----

    def case(self, name, title, jobs):
        """Runs the jobs of a case, the clients in turn, each time in another order."""
        if not self.wants(name):
            return
        results = [self._begin(name, title, job) for job in jobs]
        for turn in range(max(job.turns for job in jobs)):
            pairs = list(zip(jobs, results))
            turned = pairs[turn % len(pairs):] + pairs[:turn % len(pairs)]
            for job, result in turned:
                if turn < job.turns and result["prepared"]:
                    for _ in range(job.in_a_row):
                        self._once(job, result)
        self.results += results
        print(report.table(title, results), flush=True)

    def _begin(self, name, title, job):
        result = {"case": name, "title": title, "client": job.client, "runs": [], "failures": []}
        result["planned"] = job.turns * job.in_a_row
        result["prepared"] = False
        self._say(name, job, "preparing")
        try:
            self.world.clear()
            job.prepare()
            self.world.keep(job.state)
            result["prepared"] = True
            if job.traced and self.can_trace:
                result["counted"] = self._traced(job)
        except (Trouble, OSError) as error:
            result["failures"].append(str(error))
        return result

    def _traced(self, job):
        """The run of which nothing is timed: strace slows the clients."""
        world = self.world
        world.restore(job.state)
        folder = world.work / "trace"
        folder.mkdir()
        begin, commands = world.log_end(), job.commands()
        world.output.write_bytes(b"")
        try:
            trusted = world.trusted(commands)
            told = trace(commands, world.env, world.output, folder, world.tools, world.ca_ports, trusted)
            world.check(told, commands)
        finally:
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
        return {**told, "requests": world.requests_since(begin)}

    def _once(self, job, result):
        world = self.world
        self._say(result["case"], job, "running")
        try:
            if job.state:
                world.restore(job.state)
            begin, commands = world.log_end(), job.commands()
            world.output.write_bytes(b"")
            load = os.getloadavg()[0]
            told = run(commands, world.env, world.output, trusted=world.trusted(commands))
            told |= {"requests": world.requests_since(begin), "load": load, "commands": len(commands)}
            world.check(told, commands)
            job.judge(told)
            result["runs"].append(told)
        except (Trouble, OSError) as error:
            result["failures"].append(str(error))

    def _say(self, name, job, doing):
        if sys.stderr.isatty():
            print(f"\r\033[K{name}: {job.client}: {doing}", end="\r", file=sys.stderr, flush=True)

    # ---- all cases ----

    def issue(self, case, clients, turns):
        def job(client):
            return Job(
                client.name,
                f"{client.name}-{case.name}".replace(", ", "-"),
                lambda: client.prepare(case),
                lambda: client.issue(case),
                lambda _told: self.world.judge(case, *client.files(case)),
                self.turns(turns),
                in_a_row=self.in_a_row(client, case),
            )

        self.case(case.name, case.title, [job(client) for client in clients])

    def nothing_due(self, count):
        names = tuple(f"s{n:04}.{ZONE}" for n in range(1, count + 1))

        def judge(told):
            ordered = [kind for kind in told["requests"] if "order" in kind]
            if ordered:
                raise Trouble(f"something was due: {ordered}: {self.world.said()}")

        def job(client, turns, label="", prepare=None):
            return Job(
                client.name + label,
                f"{client.name}{label}-due-{count}",
                prepare or (lambda: client.prepare_due(names)),
                lambda: client.due(names),
                judge,
                turns,
                in_a_row=self.in_a_row(client, None),
                # A thousand traces of programs that do one thing each tell nothing new.
                traced=client is self.certkeeper or count < 1000,
            )

        def boot():
            self.world.restore(f"{self.certkeeper.name}-due-{count}")
            self.certkeeper.prepare_boot()

        jobs = [job(self.certkeeper, self.turns(RUNS))]
        if count == 1000:
            jobs.append(job(self.certkeeper, self.turns(RUNS), " after a boot", boot))
        if count == 1 or not self.quick:
            for client in self.clients[1:]:
                if client.name == FilteredUacme.name:
                    continue
                turns = self.turns(RUNS) if count < 1000 else self._affordable(client)
                if turns:
                    jobs.append(job(client, turns))
        self.case(f"due-{count}", f"nothing due, {count} certificate{'s' * (count > 1)}", jobs)

    def _affordable(self, client):
        """How many turns with ten times the certificates PATIENCE allows."""
        if client.name not in ("uacme", "lego"):
            return 0
        walls = [run["wall"] for r in self.results for run in r["runs"] if (r["case"], r["client"]) == ("due-100", client.name)]
        return min(RUNS, int(PATIENCE / (10 * min(walls)))) if walls else 0

    def rsa(self):
        """Making keys: whole runs of certkeeper, which are little else, beside openssl."""
        jobs = []
        for bits in (2048, 4096, 8192):
            turns = self.turns(RSA_RUNS if bits < 8192 else RUNS)
            case = replace(RSA, name=f"rsa{bits}", key=f"rsa{bits}")
            jobs.append(self._genrsa(bits, turns))
            jobs.append(Job(
                f"certkeeper, RSA-{bits}",
                f"certkeeper-key-{bits}",
                lambda case=case: self.certkeeper.prepare(case),
                lambda case=case: self.certkeeper.issue(case),
                lambda _told, case=case: self.world.judge(case, *self.certkeeper.files(case)),
                turns,
                traced=False,
            ))
        self.case("keys", "RSA keys: certkeeper's whole run, with an account, beside openssl genrsa", jobs)

    def _genrsa(self, bits, turns):
        def commands():
            return [Command([self.world.tools["openssl"], "genrsa", "-out", str(self.world.run / "key.pem"), str(bits)])]

        return Job(f"openssl genrsa {bits}", f"openssl-{bits}", lambda: None, commands, lambda _told: None, turns, traced=False)

    def all(self):
        for case in (FIRST, TEN, TEN_DNS):
            self.issue(case, self.clients, RUNS)
        self.issue(HUNDRED, [self.certkeeper], RUNS)
        for count in (1, 100, 1000):
            self.nothing_due(count)
        self.issue(RSA, self.clients, RSA_RUNS)
        self.rsa()


def main():
    # tests/bench sends this; cleaning up is its business, ending the client at work is ours.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    facts = dict(word.split("=", 1) for word in sys.argv[1:])
    world = World(facts)
    bench = Bench(world, facts)
    versions = {peer.name: version(world, peer.name) for peer in PEERS if "," not in peer.name}
    versions |= {k.removeprefix("version_"): v for k, v in facts.items() if k.startswith("version_")}
    machine = {
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg(),
        "python": platform.python_version(),
        "file_system": facts.get("file_system", ""),
        "began": int(time.time()),
    }
    print(report.head(versions, machine, bench.can_trace), flush=True)
    bench.all()
    machine |= {"load_after": os.getloadavg(), "ended": int(time.time())}
    sizes = report.sizes({k.removeprefix("binary_"): Path(v) for k, v in facts.items() if k.startswith("binary_")})
    verdicts = report.verdicts(bench.results, sizes)
    print(report.sizes_table(sizes, world))
    print(report.verdict_lines(verdicts))
    if facts.get("json"):
        told = {"versions": versions, "machine": machine, "results": bench.results, "sizes": sizes, "verdicts": verdicts}
        Path(facts["json"]).write_text(json.dumps(told, indent=1) + "\n")
        print(f"\nAll results: {facts['json']}")
    # Missing a budget is a finding, not a failure; a certificate that could not be had is one.
    ours = [r for r in bench.results if r["client"].startswith("certkeeper") and r["failures"]]
    sys.exit(1 if ours else 0)


if __name__ == "__main__":
    main()
