"""Runs commands and tells what they cost.

CPU is user and system time of the command and of all its descendants, as the kernel adds it up for
the one who waits for them. Each measurement happens in a process of its own, which is the reaper of
everything below it: a child that a client leaves behind is waited for, and counted, too.
"""

import ctypes
import json
import os
import re
import resource
import signal
import time
from dataclasses import dataclass, field

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000

# What Python ignores, or a shell lets its background jobs ignore, must not be ignored by clients.
DEFAULT_SIGNALS = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT]

# "?": not every processor has fork and vfork.
TRACED = "trace=execve,execveat,clone,clone3,?fork,?vfork,connect"


@dataclass
class Command:
    """A program with its arguments, what is added to its environment, and how it may end."""

    argv: list
    env: dict = field(default_factory=dict)
    ok: tuple = (0,)


class Trouble(Exception):
    """A measurement that could not be made, or a client that did not do its job."""


def run(commands, env, log, limit=600, trusted=None):
    """Runs the commands one after the other; what they print goes to the file `log`.

    `trusted`: this PEM file stands where the system keeps its roots while they run.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            told = _measure(commands, env, log, limit, trusted)
            os.write(writing, json.dumps(told).encode())
            code = 0
        except Trouble as error:
            os.write(writing, json.dumps({"trouble": str(error)}).encode())
        finally:
            os._exit(code)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
    except BaseException:
        os.kill(child, signal.SIGTERM)
        raise
    finally:
        os.waitpid(child, 0)
    told = json.loads(told) if told else {"trouble": "the measuring process died"}
    if "trouble" in told:
        raise Trouble(told["trouble"])
    return told


def _measure(commands, env, log, limit, trusted):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, _stop)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if trusted:
        _stand_in(libc, trusted)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    files = [(os.POSIX_SPAWN_DUP2, *pair) for pair in ((nothing, 0), (output, 1), (output, 2))]
    wall, codes, left = 0.0, [], 0
    signal.alarm(limit)
    try:
        for command in commands:
            start = time.monotonic()
            try:
                # It does not copy this process, so nothing is counted before the program runs.
                pid = os.posix_spawnp(
                    command.argv[0], command.argv, {**env, **command.env},
                    file_actions=files, setsigdef=DEFAULT_SIGNALS,
                )
            except OSError as error:
                raise Trouble(f"{command.argv[0]}: {error.strerror}") from error
            while True:
                ended, status = os.wait()
                if ended == pid:
                    break
                left += 1
            wall += time.monotonic() - start
            codes.append(os.waitstatus_to_exitcode(status))
            if codes[-1] not in command.ok:
                break
        left += _wait_for_all()
    except _Stopped as stopped:
        _kill_all()
        text = "" if stopped.number == signal.SIGALRM else " (stopped)"
        raise Trouble(f"did not end within {limit} s{text}") from stopped
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu": used.ru_utime + used.ru_stime,
        "user": used.ru_utime,
        "system": used.ru_stime,
        "wall": wall,
        "codes": codes,
        # Children that outlived their parents; their CPU is in the sum.
        "left_behind": left,
    }


class _Stopped(Exception):
    def __init__(self, number):
        super().__init__()
        self.number = number


def _stop(number, _frame):
    raise _Stopped(number)


def _wait_for_all():
    count = 0
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return count
        count += 1


def _kill_all():
    """Kills what is below this process, generation by generation: orphans come to us."""
    signal.alarm(0)
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            children = file.read().split()
        if not children:
            return
        for child in children:
            os.kill(int(child), signal.SIGKILL)
            os.waitpid(int(child), 0)


def _stand_in(libc, trusted):
    """Puts the file where the system's roots are, for this process and those below it alone."""
    where = b"/etc/ssl/certs/ca-certificates.crt"
    user, group = os.getuid(), os.getgid()
    space = CLONE_NEWNS if user == 0 else CLONE_NEWNS | CLONE_NEWUSER
    if libc.unshare(space) != 0:
        raise Trouble("this machine gives no mount namespace to put the CA's root in")
    if user != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None) != 0 or libc.mount(
        os.fsencode(trusted), where, None, MS_BIND, None
    ) != 0:
        raise Trouble(f"{where.decode()} cannot be stood in for: {os.strerror(ctypes.get_errno())}")


def trace(commands, env, log, folder, tools, ports, trusted=None):
    """Runs the commands under strace, untimed: the processes and programs they start, their TCP
    connections to the CA at one of `ports`, and the largest memory of a single process in KiB.

    GNU time sits between, for it is small: a child begins with the memory of whoever forks it, so
    that Python would report its own.
    """
    memory = folder / "memory"
    wrapped = []
    for number, command in enumerate(commands):
        begin = [tools["strace"], "-ff", "--seccomp-bpf", "-qq", "-e", "signal=none", "-e", TRACED,
                 "-o", str(folder / f"trace{number}"), tools["time"], "-q", "-a", "-o", str(memory), "-f", "%M"]
        wrapped.append(Command([*begin, *command.argv], command.env, command.ok))
    told = run(wrapped, env, log, trusted=trusted)
    counts = {"processes": 0, "programs": 0, "connections": 0}
    for file in folder.glob("trace*"):
        with open(file, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                _count(line, counts, ports)
    # Besides GNU time itself, which starts one of them and one program, the first process of each
    # command is nobody's child.
    counts["programs"] -= len(commands)
    sizes = [int(text) for text in memory.read_text().split()]
    return {**counts, "memory": max(sizes), "codes": told["codes"]}


def _count(line, counts, ports):
    call, _, rest = line.partition("(")
    result = re.search(r"\) += (-?\d+)(?: (E\w+))?", line)
    if not result:
        return
    good = int(result[1]) >= 0
    if call in ("clone", "clone3", "fork", "vfork"):
        counts["processes"] += good and "CLONE_THREAD" not in rest
    elif call in ("execve", "execveat"):
        counts["programs"] += good
    elif call == "connect" and (good or result[2] == "EINPROGRESS"):
        # localhost is ::1 as well, where the CA does not listen.
        ours = any(f"htons({port})" in rest for port in ports)
        counts["connections"] += ours and '"127.0.0.1"' in rest
