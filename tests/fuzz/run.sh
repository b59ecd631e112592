#!/bin/sh
# Fuzzes one format: tests/fuzz/run.sh FORMAT MINUTES      (FORMAT: csv xlsx xls xlsb ods html xml dbf json parquet zip)
#
# Needs Rust stable, a C++ compiler and python3. Limits: 10 s of CPU time for an input, 1 GB of memory. Says what was run and
# what came of it; exit code 1 when an input crashed, hung or took too much. What it finds stays in target/fuzz/found-FORMAT:
# shrink it with `-minimize_crash=1`, put it below tests/corpus/files/found, write what it must come to beside it, then mend the
# code. Inputs of more than a second of CPU time stay in target/fuzz/slow-FORMAT: explain them.
set -eu
format=$1
minutes=$2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}/fuzz

# BIDUI_FUZZ_PROFILE=dev uses the libraries of `make test` instead of a release build; BIDUI_FUZZ_BUILT=1 builds nothing.

# The lock of the main package, so that the same versions are fuzzed; cargo adds what only this package needs.
cmp -s "$root/Cargo.lock" "$target/main.lock" 2>/dev/null || {
    mkdir -p "$target"
    cp "$root/Cargo.lock" "$here/Cargo.lock"
    cp "$root/Cargo.lock" "$target/main.lock"
}
profile=${BIDUI_FUZZ_PROFILE:-release}
[ "$profile" = dev ] && built=debug || built=$profile
[ -n "${BIDUI_FUZZ_BUILT:-}" ] || RUSTC_WRAPPER=$here/instrument.sh cargo build --quiet --profile "$profile" --manifest-path "$here/Cargo.toml" --target-dir "$target"

pipeline=$target/pipeline-$format
rm -rf "$pipeline"
mkdir -p "$pipeline/fuzz" "$pipeline/shared/sources"
cp -R "$root/pipelines/shared/codes" "$root/pipelines/shared/models" "$pipeline/shared/"
cp "$root/tests/corpus/contracts/register.toml" "$pipeline/shared/sources/"
# A contract that takes this format only, so that the fuzzer stays with it; an archive may hold all of them.
case $format in
csv | xlsx | xls | xlsb | ods | html | xml | dbf | json | parquet) word=$format ;;
zip) word=any ;;
*) echo "no such format: $format" >&2 && exit 64 ;;
esac
sed "s/FORMAT/$word/" "$here/contract.toml" >"$pipeline/shared/sources/fuzz.toml"
: >"$pipeline/fuzz/params.toml"
cat >"$pipeline/fuzz/pipeline.toml" <<'TOML'
name = "fuzz"
title = "样本"
county = "澄岚县"
cadence = "quarterly"
model = "person-cn"
sources = ["register", "fuzz"]
TOML

seeds=$target/seeds-$format
grown=$target/grown-$format
found=$target/found-$format
slow=$target/slow-$format
log=$target/log-$format
rm -rf "$seeds"
mkdir -p "$seeds" "$grown" "$found" "$slow"
python3 "$here/seeds.py" "$format" "$seeds" >/dev/null
export BIDUI_FUZZ_PIPELINE="$pipeline/fuzz" BIDUI_FUZZ_FORMAT="$format" BIDUI_FUZZ_SLOW="$slow"
# A fuzzer that sees nothing but refusals is worth nothing: how many seeds give records?
BIDUI_FUZZ_TELL=1 "$target/$built/ingest" "$seeds"/* >"$target/seeds-told-$format" 2>&1 || {
    cat "$target/seeds-told-$format" >&2
    exit 1
}
echo "$format: $(ls "$seeds" | wc -l) seeds, $(grep -c '^OUTCOME: [1-9]' "$target/seeds-told-$format" || true) of them with records"
# Hangs are told by the target on the CPU clock (ingest.rs): libFuzzer's own watch would take a pause for one.
code=0
"$target/$built/ingest" -max_total_time=$((minutes * 60)) -timeout=0 -report_slow_units=86400 -rss_limit_mb=1024 -malloc_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$found/" "$grown" "$seeds" >"$log" 2>&1 || code=1
stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
# Children's CPU time, as the shell has it: a wall clock says little on a machine with other work.
times >"$target/times-$format"
cpu=$(($(sed -n '2s/^\([0-9]*\)m\([0-9]*\).*/\1 * 60 + \2/p' "$target/times-$format")))
echo "$format: $minutes minutes, $cpu CPU seconds, $(stat number_of_executed_units) inputs, $(stat average_exec_per_sec) a second," \
    "peak $(stat peak_rss_mb) MB, $(grep -c '^SLOW' "$log" || true) of more than 1 s CPU, coverage $(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -c6-)," \
    "$(ls "$found" | wc -l) failures, $(grep -c '^PARSER PANIC' "$log" || true) places where a parser's panic was caught"
grep '^PARSER PANIC' "$log" || true
exit $code
