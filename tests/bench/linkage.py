"""`bidui link` next to a plain join, a SQL waterfall and Splink: accuracy, CPU seconds, peak memory, in one run.

Usage: make bench-linkage [SETS="100k 1m"]    or    python3 tests/bench/linkage.py [SET ...] [options]

A set is a size and the kind of dirt: 100k, 100k_hard, 1m, 1m_hard, 7m (100k, 100k_hard, 1m and 1m_hard when none is
given). With _bare at the end the export has neither family number nor telephone: what a linker of single pairs sees.
What it does, each step in a process of its own:

1. builds the release program, and makes an environment with polars, DuckDB, Splink, pypinyin and OpenCC from PyPI under
   target/bench-venv;
2. makes the sets with county_files.py (once; they stay under target/bench-data): a synthetic population register and a
   dirty insurance export with the truth between them;
3. runs linkage_peers.py (exact join, waterfall, Splink with Chinese cleaning) and `bidui link` from CSV to Parquet, and
   takes CPU seconds (user and system), wall seconds and peak memory of each process from the kernel;
4. counts precision and recall from the files with linkage_quality.py;
5. compares the bytes of bidui's output between two runs, and between one thread and two.

Prints one table per set and writes all figures as JSON (target/bench-linkage.json). With --check it ends with exit code 1
when a figure that the project promises fails; what failed is listed.

Seconds on a shared machine are noisy: quote the ratios of one run. A light program is run three times and its smallest
CPU time counts, a heavy one once. Splink is left out at 7m, where it needs 13 GB (--splink-everywhere runs it all the
same).

Options: --check, --only NAME,NAME (exact, waterfall, splink, bidui), --bidui FILE (do not build), --model FILE,
--data DIR, --json FILE, --runs N, --splink-everywhere.
"""

import argparse
import filecmp
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "tests" / "bench"
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PACKAGES = ["numpy", "polars", "pyarrow", "duckdb", "splink==5.0.0", "pypinyin", "opencc"]
PEERS = {
    "exact": "exact join on the raw number, polars",
    "waterfall": "SQL waterfall, 8 passes, DuckDB",
    "splink": "Splink 5 with Chinese cleaning",
    "bidui": "bidui link",
}
SEED = 7


def environment():
    """A virtual environment with what the comparison needs."""
    python = TARGET / "bench-venv" / "bin" / "python"
    if not python.exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(TARGET / "bench-venv")])
    there = subprocess.run([str(python), "-c", "import numpy, polars, pyarrow, duckdb, splink, pypinyin, opencc"], stderr=subprocess.DEVNULL)
    if there.returncode != 0:
        subprocess.check_call([str(python), "-m", "pip", "install", "--quiet", *PACKAGES])
    return str(python)


def measure(command):
    """CPU seconds, wall seconds and peak MB of one command, by the kernel's own count.

    This process stays small and imports nothing large: a child's peak counts the memory of its parent at the fork.
    """
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"failed with {child.returncode}: {' '.join(map(str, command))}\n{errors.decode(errors='replace')[-3000:]}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.monotonic() - start, "peak_mb": usage.ru_maxrss / 1024}


def best(command, runs):
    """The smallest CPU time, its wall time, and the largest peak of several runs."""
    done = [measure(command) for _ in range(runs)]
    return min(done, key=lambda d: d["cpu"]) | {"peak_mb": max(d["peak_mb"] for d in done)}


def persons(name):
    size = re.fullmatch(r"(\d+)([km])(_hard)?(_bare)?", name)
    if not size:
        sys.exit(f"`{name}` is no set: write a size and perhaps _hard and _bare, such as 100k, 1m_hard or 1m_hard_bare")
    return int(size[1]) * {"k": 1_000, "m": 1_000_000}[size[2]], bool(size[3])


def data(python, folder, name):
    """Makes a set unless it is there."""
    place = folder / name
    if not (place / "ready").exists():
        count, hard = persons(name)
        print(f"making {name} …", file=sys.stderr)
        command = [python, str(BENCH / "county_files.py"), "--persons", str(count), "--seed", str(SEED), "--out", str(place)]
        command += (["--hard"] if hard else []) + (["--bare"] if name.endswith("_bare") else [])
        subprocess.check_call(command, stdout=subprocess.DEVNULL)
        (place / "ready").touch()
    return place


def link(options, place, out, threads=None):
    command = [options.bidui, "link", str(place / "register.csv"), str(place / "insurance.csv"), "--model", str(options.model)]
    command += ["--ids", "person_id,record_id", "--out", str(out)]
    return command + (["--threads", str(threads)] if threads else [])


def one_set(options, python, name):
    place = data(python, options.data, name)
    large = persons(name)[0] > 2_000_000
    scratch = TARGET / "bench-links"
    scratch.mkdir(parents=True, exist_ok=True)
    figures = {}
    for peer in PEERS:
        if peer not in options.only or (peer == "splink" and large and not options.splink_everywhere):
            continue
        out = scratch / f"{name}-{peer}.parquet"
        print(f"{name}: {peer} …", file=sys.stderr)
        if peer == "bidui":
            command, runs = link(options, place, out), options.runs
        else:
            command = [python, str(BENCH / "linkage_peers.py"), peer, str(place), str(out)]
            runs = options.runs if peer == "exact" else 1
        cost = best(command, 1 if large else runs)
        counted = subprocess.check_output([python, str(BENCH / "linkage_quality.py"), str(place), str(out)])
        figures[peer] = cost | json.loads(counted)
    if "bidui" in figures:
        out, again = scratch / f"{name}-bidui.parquet", scratch / f"{name}-again.parquet"
        same = {}
        for what, threads in (("two runs", None), ("1 and 2 threads", 1), ("2 threads", 2)):
            measure(link(options, place, again, threads))
            same[what] = filecmp.cmp(out, again, shallow=False)
        figures["bidui"]["same_bytes"] = same
    return figures


def show(name, figures):
    count, hard = persons(name)
    print(f"\n{count:,} persons{', hard' if hard else ''}{', bare' if name.endswith('_bare') else ''}")
    print(f"{'method':40} {'P':>7} {'R':>7} {'F1':>7} {'R@.999':>7} {'R@.9999':>7} {'CPU s':>8} {'wall s':>8} {'peak MB':>8} {'CPU/join':>9} {'relative*':>10}")
    base = figures.get("exact", {}).get("cpu")
    for peer, f in figures.items():
        ratio = f"{f['cpu'] / base:9.2f}" if base else ""
        print(
            f"{PEERS[peer]:40} {f['precision']:7.5f} {f['recall']:7.5f} {f['f1']:7.5f} {f['recall_at_999']:7.5f}"
            f" {f['recall_at_9999']:7.5f} {f['cpu']:8.2f} {f['wall']:8.2f} {f['peak_mb']:8.0f} {ratio:>9} {f['relative_best']['another']:10.2%}"
        )
    print("  * of records with a relative's number: best candidate above the threshold is another person (without a state to say so)")
    f = figures.get("bidui", {})
    if "status" in f:
        r = f["relative"]
        print(f"  bidui, decided: linked precision {f['linked_precision']:.5f}, recall {f['linked_recall']:.5f}, review {f['review_share']:.4%}")
        print(
            f"  a relative's number ({r['records']}): linked to another {r['linked_to_another']}, conflict {r['conflict']:.2%},"
            f" linked to the person {r['linked_to_the_person'] / max(r['records'], 1):.2%},"
            f" true person among candidates {r['true_person_among_candidates']:.2%}"
        )
        print(f"  same bytes: {f['same_bytes']}")
    elif f:
        sys.exit("bidui's output has no column `status`")


def promises(sets):
    """What the project says of itself, as (what, figure, holds)."""
    out = []

    def hold(what, figure, fine):
        out.append((what, figure, bool(fine)))

    for name, figures in sets.items():
        f, (count, hard) = figures.get("bidui"), persons(name)
        if not f:
            continue
        if count == 1_000_000:
            hold(f"{name}: F1 of the best candidate", f["f1"], f["f1"] >= (0.985 if hard else 0.9992))
            if hard:
                hold(f"{name}: recall at precision .999", f["recall_at_999"], f["recall_at_999"] >= 0.93)
        hold(f"{name}: precision of linked", f["linked_precision"], f["linked_precision"] >= (0.999 if hard else 0.9995))
        r = f["relative"]
        hold(f"{name}: relative's number linked to another", r["linked_to_another"], r["linked_to_another"] == 0)
        hold(f"{name}: relative's number flagged as a conflict", r["conflict"], r["conflict"] >= 0.95)
        among = r["true_person_among_candidates"]
        hold(f"{name}: true person among its candidates", among, among >= 0.90)
        for what, same in f["same_bytes"].items():
            hold(f"{name}: same bytes, {what}", same, same)
        if "exact" in figures and count == 1_000_000:
            ratio = f["cpu"] / figures["exact"]["cpu"]
            hold(f"{name}: CPU of bidui / exact join", ratio, ratio <= 3)
        if "splink" in figures and count == 1_000_000:
            ratio = f["cpu"] / figures["splink"]["cpu"]
            hold(f"{name}: CPU of bidui / Splink", ratio, ratio <= 0.2)
        if count == 7_000_000:
            hold(f"{name}: peak MB", f["peak_mb"], f["peak_mb"] <= 3 * 1024)
            small = sets.get("1m_hard" if hard else "1m", {}).get("bidui")
            if small:
                growth = f["cpu"] / 7 / small["cpu"]
                hold(f"{name}: CPU per row / that at 1m", growth, growth <= 1.5)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sets", nargs="*", default=["100k", "100k_hard", "1m", "1m_hard"])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--bidui")
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "pipelines/shared/models/person-cn.toml")
    parser.add_argument("--data", type=pathlib.Path, default=TARGET / "bench-data")
    parser.add_argument("--json", type=pathlib.Path, default=TARGET / "bench-linkage.json")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--splink-everywhere", action="store_true")
    options = parser.parse_args()
    options.only = options.only.split(",")
    for unknown in set(options.only) - set(PEERS):
        parser.error(f"`{unknown}` is not one of {', '.join(PEERS)}")
    python = environment()
    if options.bidui is None and "bidui" in options.only:
        subprocess.check_call(["cargo", "build", "--release", "--locked", "--quiet"], cwd=ROOT)
        options.bidui = str(TARGET / "release" / "bidui")
    sets = {}
    for name in options.sets:
        sets[name] = one_set(options, python, name)
        show(name, sets[name])
        sys.stdout.flush()
    kept = promises(sets)
    options.json.write_text(json.dumps({"sets": sets, "promises": kept}, ensure_ascii=False, indent=1) + "\n")
    if kept:
        print("\npromises")
    for what, figure, fine in kept:
        print(f"  {'holds' if fine else 'FAILS'}  {what}: {figure:.5g}")
    if options.check and not all(fine for *_, fine in kept):
        sys.exit(1)


if __name__ == "__main__":
    main()
