"""CPU time and peak memory of screening, next to the same indicators and rules written by hand as one polars script.

Usage: python3 tests/bench/screening.py [HOUSEHOLDS]   (make bench-screening; 310,000 households are about a million people)

Makes a county, publishes a round of it, and then measures on the round's own tables, each in a process of its own and three
times, the best CPU time and the largest peak memory of

* `bidui plan` without --input: reads the tables, computes indicators, rules, evidence, provenance and the list;
* tests/bench/screening/by_hand.py: reads the same tables and computes the same indicators, rules and list in polars.

Both use the rules of tests/bench/screening/quarterly, and must list the same households with the same types: the script fails
when they do not, or when bidui takes more than 1.5 times the CPU seconds. Quote the ratio of one run, not the seconds of two.

BIDUI names a built program to measure instead of building one; COUNTY_OUT a folder with a published round to use again.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST = 1.5


def measure(command, mark):
    """CPU seconds and peak MiB of one command, by the kernel's own count."""
    pid = os.fork()
    if pid == 0:
        with open(os.devnull, "w") as null:
            code = subprocess.call(command, stdout=null, cwd=ROOT)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(mark, "w") as out:
            print(peak.ru_utime + peak.ru_stime, peak.ru_maxrss / 1024, file=out)
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"failed: {command}"
    cpu, peak = open(mark).read().split()
    return float(cpu), float(peak)


def best(command, mark):
    runs = [measure(command, mark) for _ in range(3)]
    return min(c for c, _ in runs), max(p for _, p in runs)


def program():
    if os.environ.get("BIDUI"):
        return os.environ["BIDUI"]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.check_call(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT)
    return str(target / "release" / "bidui")


def python():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    venv = pathlib.Path(os.environ.get("BENCH_VENV", target / "bench-venv"))
    if not (venv / "bin" / "python").exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(venv)])
        subprocess.check_call([str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "polars"])
    return str(venv / "bin" / "python")


def main():
    households = sys.argv[1] if len(sys.argv) > 1 else "310000"
    bidui, interpreter = program(), python()
    with tempfile.TemporaryDirectory() as scratch:
        pipelines = f"{scratch}/pipelines"
        subprocess.check_call(["cp", "-r", str(HERE / "screening"), pipelines])
        subprocess.check_call(["cp", "-r", str(ROOT / "pipelines" / "shared"), f"{pipelines}/shared"])
        pipeline, mark = f"{pipelines}/quarterly", f"{scratch}/mark"
        out = os.environ.get("COUNTY_OUT", f"{scratch}/out")
        if not os.path.isdir(f"{out}/rounds/2026Q3"):
            inbox = f"{scratch}/inbox"
            made = [bidui, "synth", "--households", households, "--seed", "1", "--as-of", "2026-09-30", "--out", inbox]
            subprocess.check_call(made)
            subprocess.check_call([bidui, "run", pipeline, "--input", inbox, "--out", out, "--as-of", "2026-09-30"])
        tables, listed = f"{out}/rounds/2026Q3/tables", f"{scratch}/listed.txt"
        by_hand = [interpreter, str(HERE / "screening" / "by_hand.py"), tables, listed]
        own = best([bidui, "plan", pipeline, "--out", out, "--json"], mark)
        hand = best(by_hand, mark)
        same(interpreter, tables, listed)
    for name, (cpu, peak) in [("bidui plan, from the round", own), ("polars, by hand", hand)]:
        print(f"{name:28} {cpu:8.2f} CPU s  {peak:8.0f} MiB")
    ratio = own[0] / hand[0]
    print(f"ratio {ratio:.2f} CPU, {own[1] / hand[1]:.2f} memory; at most {MOST} CPU is promised")
    sys.exit(0 if ratio <= MOST else 1)


def same(interpreter, tables, listed):
    """Both list the same households with the same types."""
    script = (
        "import sys, polars as pl\n"
        "t = pl.read_parquet(f'{sys.argv[1]}/online_list.parquet').select('household_id', 'list_type').sort('household_id')\n"
        "own = [f'{h} {k}' for h, k in t.iter_rows()]\n"
        "hand = open(sys.argv[2]).read().split('\\n')[:-1]\n"
        "print(len(own), 'households listed;', len(set(own) ^ set(hand)), 'differ')\n"
        "sys.exit(0 if own == hand else 1)\n"
    )
    subprocess.check_call([interpreter, "-c", script, tables, listed])


main()
