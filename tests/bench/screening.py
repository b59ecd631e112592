"""CPU time and peak memory of screening, next to the same indicators and rules written by hand as one polars script.

Usage: python3 tests/bench/screening.py [HOUSEHOLDS]   (make bench-screening; 310,000 households are about a million people)

Makes a county with all sources, publishes a round of it with pipelines/quarterly, and then measures on the round's own tables,
each in a process of its own and three times, the best CPU time and the largest peak memory of

* `bidui plan` without --input: reads the tables, computes indicators, rules, evidence, provenance and the list, and compares
  it with the round's;
* tests/bench/screening/by_hand.py: reads the same tables and computes the same indicators, rules and list in polars.

Before that both must say the same: every indicator of every person and household, the numbers of hits and of unknown of every
rule, the households listed and their types. The script fails when they do not, or when bidui takes more than 1.5 times the CPU
seconds. Quote the ratio of one run, not the seconds of two.

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
    pipeline = str(ROOT / "pipelines" / "quarterly")
    with tempfile.TemporaryDirectory() as scratch:
        out, mark, told = os.environ.get("COUNTY_OUT", f"{scratch}/out"), f"{scratch}/mark", f"{scratch}/told"
        if not os.path.isdir(f"{out}/rounds/2026Q3"):
            inbox = f"{scratch}/inbox"
            made = [bidui, "synth", "--households", households, "--seed", "1", "--as-of", "2026-09-30", "--out", inbox]
            subprocess.check_call(made)
            subprocess.check_call([bidui, "run", pipeline, "--input", inbox, "--out", out, "--as-of", "2026-09-30"])
        tables = f"{out}/rounds/2026Q3/tables"
        os.mkdir(told)
        by_hand = [interpreter, str(HERE / "screening" / "by_hand.py"), tables, told]
        subprocess.check_call([*by_hand, "--indicators"])
        subprocess.check_call([interpreter, str(HERE / "screening" / "same.py"), tables, told])
        own = best([bidui, "plan", pipeline, "--out", out, "--json"], mark)
        hand = best(by_hand, mark)
    for name, (cpu, peak) in [("bidui plan, from the round", own), ("polars, by hand", hand)]:
        print(f"{name:28} {cpu:8.2f} CPU s  {peak:8.0f} MiB")
    ratio = own[0] / hand[0]
    print(f"ratio {ratio:.2f} CPU, {own[1] / hand[1]:.2f} memory; at most {MOST} CPU is promised")
    sys.exit(0 if ratio <= MOST else 1)


main()
