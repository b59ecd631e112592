"""CPU time and peak memory of the whole quarterly job, next to a plain polars join in the same run.

Usage: python3 tests/bench/quarterly.py [HOUSEHOLDS]   (make bench)

Builds the release program, makes a county of HOUSEHOLDS households (30,000 when not given), and measures, each in a
process of its own and three times, the best CPU time and the largest peak memory of

* `bidui run` on all fourteen sources, CSV and workbooks to published round;
* the baseline: polars from PyPI reads the register and the insurance settlements and joins them on the raw number, which
  is what a careful analyst's first script does.

Timings on shared machines are noisy: quote the ratios of one run, not the seconds of two.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINE = """
import sys, polars as pl
inbox = sys.argv[1]
read = lambda p, enc: pl.read_csv(open(p, encoding=enc).read().encode(), infer_schema=False)
register = read(f"{inbox}/公安/户籍人口底册.csv", "gb18030")
claims = read(f"{inbox}/医保/居民医保结算明细.csv", "gb18030")
joined = claims.join(register, left_on="证件号码", right_on="公民身份号码", how="inner")
print(joined.height)
"""


def measure(command):
    """CPU seconds and peak MiB of one command, by the kernel's own count."""
    pid = os.fork()
    if pid == 0:
        with open(os.devnull, "w") as null:
            code = subprocess.call(command, stdout=null)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(peak.ru_utime + peak.ru_stime, peak.ru_maxrss / 1024, file=open(f"{MARK}", "w"))
        os._exit(code)
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"failed: {command}"
    cpu, peak = open(MARK).read().split()
    return float(cpu), float(peak)


def best(command):
    runs = [measure(command) for _ in range(3)]
    return min(c for c, _ in runs), max(p for _, p in runs)


def main():
    global MARK
    households = sys.argv[1] if len(sys.argv) > 1 else "30000"
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.check_call(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT)
    bidui = str(target / "release" / "bidui")
    venv = target / "bench-venv"
    python = str(venv / "bin" / "python")
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", str(venv)])
        subprocess.check_call([python, "-m", "pip", "install", "--quiet", "polars"])
    with tempfile.TemporaryDirectory() as scratch:
        MARK = f"{scratch}/mark"
        inbox = f"{scratch}/inbox"
        subprocess.check_call([bidui, "synth", "--households", households, "--seed", "1", "--out", inbox])
        job = [bidui, "run", str(ROOT / "pipelines/quarterly"), "--input", inbox, "--out", f"{scratch}/out", "--as-of", "2026-09-30"]
        rows = [("bidui run, 14 sources", *best(job)), ("polars, exact join of 2", *best([python, "-c", BASELINE, inbox]))]
    print(f"{households} households")
    for name, cpu, peak in rows:
        print(f"{name:26} {cpu:8.2f} CPU s  {peak:8.0f} MiB  ratio {cpu / rows[1][1]:6.2f} CPU {peak / rows[1][2]:6.2f} memory")


main()
