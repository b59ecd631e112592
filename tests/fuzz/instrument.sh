#!/bin/sh
# Cargo's RUSTC_WRAPPER: adds libFuzzer's instrumentation and overflow checks to the code that looks at a file's bytes, and to
# no other crate, so that polars and arrow are neither rebuilt nor slowed down. All flags are stable ones.
rustc=$1
shift
crate=
previous=
for argument in "$@"; do
    [ "$previous" = --crate-name ] && crate=$argument
    [ "$previous" = --crate-type ] && [ "$argument" = proc-macro ] && crate=
    previous=$argument
done
case $crate in
bidui | ingest | calamine | quick_xml | zip | csv_core | cfb | chardetng | dbase | scraper | html5ever | parquet)
    exec "$rustc" "$@" -Ccodegen-units=1 -Cdebug-assertions=on -Coverflow-checks=on -Cpasses=sancov-module \
        -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
        -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
    ;;
*)
    exec "$rustc" "$@"
    ;;
esac
