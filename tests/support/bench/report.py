"""Tables, and the verdict on each budget."""

import gzip
import lzma
import os
from statistics import median

OURS = "certkeeper"


# ---- tables ----


def milliseconds(seconds):
    """At a precision that makes sense."""
    value = 1000 * seconds
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def megabytes(kibibytes):
    return f"{kibibytes * 1024 / 1e6:.1f}"


def cpu(result):
    """The median, in seconds; None if there was no good run."""
    return median(run["cpu"] for run in result["runs"]) if result["runs"] else None


def requests(result):
    """Requests to the CA: the median of all runs."""
    return int(median(sum(run["requests"].values()) for run in result["runs"]))


def layout(rows):
    """Rows of text in columns, the first one left-justified."""
    widths = [max(len(row[n]) for row in rows if n < len(row)) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) if n == 0 else cell.rjust(width) for n, (cell, width) in enumerate(zip(row, widths))]
        lines.append("   " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def table(title, results):
    """What each client took in a case."""
    base = next((cpu(result) for result in results if result["client"] == OURS), None)
    rows = [["", "CPU ms", "(min", "max)", "× ours", "wall ms", "(min)", "requests", "connections", "processes", "MB", "good"]]
    notes = []
    for result in results:
        row = [result["client"]]
        runs, counted = result["runs"], result.get("counted")
        if runs:
            used, walls = [run["cpu"] for run in runs], [run["wall"] for run in runs]
            row += [milliseconds(median(used)), "(" + milliseconds(min(used)), milliseconds(max(used)) + ")"]
            row += [f"{cpu(result) / base:.1f}" if base else "", milliseconds(median(walls)), "(" + milliseconds(min(walls)) + ")"]
            row += [str(requests(result))]
        else:
            row += [""] * 7
        row += [str(counted["connections"]), str(counted["processes"]), megabytes(counted["memory"])] if counted else [""] * 3
        row.append(f"{len(runs)}/{result['planned']}")
        rows.append(row)
        if result["failures"]:
            row[-1] += " FAILED"
            notes.append(f"   FAILED {result['client']}: {result['failures'][0]}")
        left = sum(run["left_behind"] for run in runs)
        if left:
            notes.append(f"   {result['client']} left {left} processes behind; their CPU is counted")
    return "\n".join([f"\n== {title}", layout(rows), *notes])


def head(versions, machine, can_trace):
    """What was measured, where and how."""
    lines = [f"   {name:<12} {text}" for name, text in versions.items()]
    lines += [
        f"   {'machine':<12} {machine['cores']} cores, {machine['system']}, load {machine['load_before'][0]:.2f}",
        f"   {'state on':<12} {machine['file_system'] or 'an unknown file system'}",
        "",
        "   CPU: user and system, all descendants. Requests: from the CA's log. Connections to the CA, processes",
        "   and MB (largest memory of one process) come from one more run under strace.",
    ]
    if not can_trace:
        lines.append("   strace does not work here, so that those are missing.")
    return "\n".join(["== what runs", *lines])


# ---- size ----


def sizes(binaries):
    """Bytes of each processor's binary: plain, and packed in two ways."""
    told = {}
    for processor, file in binaries.items():
        content = file.read_bytes()
        packed = lzma.compress(content, lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)
        told[processor] = {"plain": len(content), "gzip": len(gzip.compress(content, 9)), "xz": len(packed)}
    return told


def sizes_table(told, world):
    rows = [["", "bytes", "gzip -9", "xz -9e"]]
    rows += [[f"{OURS} {name}", f"{s['plain']:,}", f"{s['gzip']:,}", f"{s['xz']:,}"] for name, s in told.items()]
    for name in ("uacme", "lego"):
        if name in world.tools:
            rows.append([f"{name} without its libraries", f"{os.stat(world.tools[name]).st_size:,}", "", ""])
    return "\n== size\n" + layout(rows)


# ---- budgets ----


def verdicts(results, told_sizes):
    """Each budget with what was measured: text, limit, actual, unit; no actual: not measured."""
    ours = {result["case"]: result for result in results if result["client"] == OURS}
    lines = []

    def judge(what, actual, limit, unit):
        lines.append({"what": what, "actual": actual, "limit": limit, "unit": unit})

    def of_runs(case, value):
        return value(ours[case]) if ours.get(case, {}).get("runs") else None

    def counted(case, name):
        return ours.get(case, {}).get("counted", {}).get(name)

    def memory(*cases):
        known = [counted(case, "memory") for case in cases]
        return max(known) * 1024 / 1e6 if None not in known else None

    judge("CPU, first certificate", of_runs("first", lambda r: 1000 * cpu(r)), 10, "ms")
    judge("CPU, 10 names over http-01", of_runs("ten", lambda r: 1000 * cpu(r)), 20, "ms")
    judge("wall, 10 names", of_runs("ten", lambda r: 1000 * median(run["wall"] for run in r["runs"])), 300, "ms")
    judge("requests, 10 names", of_runs("ten", requests), 34, "")
    judge("connections, 10 names", counted("ten", "connections"), 1, "")
    judge("processes, an issuance without hooks", counted("ten", "processes"), 1, "")
    judge("memory, 1 and 10 names", memory("first", "ten", "ten-dns"), 4, "MB")
    judge("memory, 100 names", memory("hundred"), 6, "MB")
    judge("memory, the agent when idle (this version has none)", None, 1.5, "MB")
    for count, limit in ((1, 3), (100, 8), (1000, 60)):
        name = f"nothing due, {count} certificate{'s' * (count > 1)}"
        judge(f"CPU, {name}", of_runs(f"due-{count}", lambda r: 1000 * cpu(r)), limit, "ms")
        judge(f"requests, {name}", of_runs(f"due-{count}", requests), 0, "")
    for processor, limit in (("x86_64", 2.2), ("mipsel", 2.4)):
        size = told_sizes.get(processor)
        judge(f"binary {processor}", size and size["plain"] / 1e6, limit, "MB")
        judge(f"binary {processor}, gzip -9", size and size["gzip"] / 1e6, 1.0, "MB")
    return lines


def verdict_lines(told):
    rows = [["", "measured", "budget", ""]]
    for verdict in told:
        actual, limit, unit = verdict["actual"], verdict["limit"], verdict["unit"]
        if actual is None:
            rows.append([verdict["what"], "–", f"{limit} {unit}", "not measured"])
            continue
        over = f"MISSED by {actual - limit:.3g} {unit}".rstrip()
        if actual > limit and limit:
            over += f", {100 * (actual / limit - 1):.1f} %"
        shown = f"{actual:.3f}" if unit == "MB" else f"{actual:.3g}" if isinstance(actual, float) else str(actual)
        rows.append([verdict["what"], f"{shown} {unit}".rstrip(), f"{limit} {unit}".rstrip(), "met" if actual <= limit else over])
    return "\n== budgets\n" + layout(rows)

