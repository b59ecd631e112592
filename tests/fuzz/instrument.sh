#!/bin/sh
# Cargo's RUSTC_WRAPPER: adds libFuzzer's instrumentation and overflow checks to the code that looks at a file's bytes, and to
# no other crate, so that polars and arrow are neither rebuilt nor slowed down. These crates are optimised whatever the profile
# says. All flags are stable ones.
rustc=$1
shift
crate=
previous=
for argument in "$@"; do
    [ "$previous" = --crate-name ] && crate=$argument
    [ "$previous" = --crate-type ] && [ "$argument" = proc-macro ] && crate=
    previous=$argument
done
# Of two versions of this crate only 0.42, ours and calamine's, looks at our bytes; the other lies below polars.
[ "$crate" = quick_xml ] && [ "${CARGO_PKG_VERSION#0.39}" != "$CARGO_PKG_VERSION" ] && crate=
case $crate in
bidui | ingest | calamine | quick_xml | cfb | html5gum | json_event_parser | csv | csv_core | zip | encoding_rs | chardetng | parquet)
    exec "$rustc" "$@" -Copt-level=2 -Ccodegen-units=4 -Cdebug-assertions=on -Coverflow-checks=on -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
*)
    exec "$rustc" "$@"
    ;;
esac
