"""What a night costs that takes only what is new: CPU and peak memory beside those of a run that makes everything anew.

    python3 tests/bench/nightly.py --bidui target/release/bidui [--households 35000] [--share 0.01] [--work DIR]

A county is made (`bidui synth`), its medical settlements are sent as increments (the contract is switched to
`snapshot = "increment"` in a copy of the pipelines), and one night is run with all but a share of them. Then the share comes as
a new increment, and the next night is run twice from the same state: with what the first night left, and with --fresh. Both
rounds must be the same, byte for byte. Times are user + system of the process (wait4), peaks are its maximum resident set.
"""

import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time


def measured(command, log):
    start = time.monotonic()
    with open(log, "ab") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
        _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{command}: status {status}, see {log}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, time.monotonic() - start


def digest(folder):
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(str(path.relative_to(folder)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bidui", default="target/release/bidui")
    options.add_argument("--households", type=int, default=35_000)
    options.add_argument("--share", type=float, default=0.01, help="share of the settlements that is new")
    options.add_argument("--threads", default="1")
    options.add_argument("--work", type=pathlib.Path)
    args = options.parse_args()
    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="bidui-nightly-"))
    work.mkdir(parents=True, exist_ok=True)
    root = pathlib.Path(__file__).resolve().parents[2]
    log = work / "log"
    bidui = str(pathlib.Path(args.bidui).resolve())

    inbox, pipelines = work / "inbox", work / "pipelines"
    for folder in [inbox, pipelines, work / "night", work / "full"]:
        shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([bidui, "synth", "--households", str(args.households), "--out", str(inbox)], check=True)
    shutil.copytree(root / "pipelines", pipelines)
    contract = pipelines / "shared/sources/medical_settlement.toml"
    full = 'snapshot = "full"\ncompleteness = 0.3\n'
    text = contract.read_text("utf-8")
    assert full in text
    contract.write_text(text.replace(full, 'snapshot = "increment"\n'), "utf-8")
    settlements = inbox / "医保/居民医保结算明细.csv"
    heading, *rows = settlements.read_bytes().splitlines(keepends=True)
    new = max(1, int(len(rows) * args.share))
    settlements.write_bytes(heading + b"".join(rows[:-new]))

    def night(out, day, *more):
        command = [bidui, "run", str(pipelines / "nightly"), "--input", str(inbox), "--out", str(out), "--as-of", day]
        return measured([*command, "--threads", args.threads, *more], log)

    first = night(work / "night", "2026-10-01")
    (inbox / "医保/居民医保结算明细_1002.csv").write_bytes(heading + b"".join(rows[-new:]))
    shutil.copytree(work / "night", work / "full")
    shutil.rmtree(work / "full/.stages")
    everything = night(work / "full", "2026-10-02", "--fresh")
    only_new = night(work / "night", "2026-10-02")
    nothing = night(work / "night", "2026-10-03")
    rounds = [digest(work / out / "rounds/2026-10-02") for out in ["night", "full"]]

    print(f"{args.households} households, {len(rows)} settlements, {new} of them new; {args.threads} thread(s)")
    for name, (cpu, peak, wall) in [
        ("first night", first),
        ("everything anew (--fresh)", everything),
        ("only what is new", only_new),
        ("a night without anything", nothing),
    ]:
        print(f"{name:28} {cpu:8.2f} s CPU {wall:8.2f} s {peak:8.0f} MiB  {cpu / everything[0]:6.1%} of everything")
    print("the same bytes" if rounds[0] == rounds[1] else "THE ROUNDS DIFFER")
    raise SystemExit(rounds[0] != rounds[1])


if __name__ == "__main__":
    main()
