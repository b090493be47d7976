#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real traces come out whole; bad profiles end with a message that names the place; help is there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fails=0
fail() { echo "FAILED: $*"; fails=$((fails + 1)); }

# expect_exit CODE COMMAND...: stdout in $work/out, stderr in $work/err
expect_exit() {
  local want=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" -eq "$want" ] || fail "$* ended with $got, not $want: $(head -3 "$work/err")"
}

says() { grep -qF -- "$1" "$work/out" "$work/err" || fail "expected '$1', got: $(head -5 "$work/out" "$work/err")"; }

bad_profiles() {
  local count=0 file
  for file in "$SOURCE"/tests/vectors/bad-profiles/*; do
    case $file in
    *.expect) continue ;;
    *.csv) expect_exit 2 "$ASRUN" profile import azure "$file" -o "$work/bad.jsonl" ;;
    *.trace) expect_exit 2 "$ASRUN" profile import mooncake "$file" -o "$work/bad.jsonl" ;;
    *) expect_exit 2 "$ASRUN" profile show "$file" ;;
    esac
    says "$(cat "$file.expect")"
    [ ! -s "$work/out" ] || fail "$file: something on stdout"
    [ ! -e "$work/bad.jsonl" ] || fail "$file: a failed import left a profile"
    count=$((count + 1))
  done
  [ "$count" -ge 20 ] || fail "only $count bad profiles"
  echo "$count bad profiles refused"
}

# import_real FORMAT FILE ROWS NAME
import_real() {
  expect_exit 0 "$ASRUN" profile import "$1" "$SHARED/data/$2" -o "$work/$4.jsonl"
  says ", none dropped"
  [ "$(tail -n +2 "$work/$4.jsonl" | wc -l)" -eq "$3" ] || fail "$2: not $3 rows"
  expect_exit 0 "$ASRUN" profile show "$work/$4.jsonl"
  says "$4"
  expect_exit 0 "$ASRUN" profile show --json "$work/$4.jsonl"
  says "\"requests\": $3"
  expect_exit 0 "$ASRUN" profile learn "$work/$4.jsonl" -o "$work/$4.json"
  cmp "$work/$4.json" "$SOURCE/lib/workload/data/$4.json" || fail "$4: the shipped profile is not what asrun learns"
}

# Every time and length of the trace is in the profile, to the digit.
azure_row_for_row() { # in units of 100 ns
  awk -F'[ :,\r]' 'NR > 1 { t = ($2 * 3600 + $3 * 60 + $4) * 10000000
    if (NR == 2) first = t; printf "%.0f %s %s\n", t - first, $5, $6 }' \
    "$SHARED/data/azure-llm-2023-conv.csv" >"$work/want"
  tail -n +2 "$work/azure-2023-conversation.jsonl" | tr -d '{}",:' |
    awk '{ printf "%.0f %s %s\n", $2 * 10000, $4, $6 }' >"$work/got"
  cmp "$work/want" "$work/got" || fail "azure: rows differ from the trace"
}

real_traces() {
  [ -r "$SHARED/data/azure-llm-2023-conv.csv" ] || { echo "skipped: no traces in $SHARED/data"; return; }
  import_real azure azure-llm-2023-conv.csv 19366 azure-2023-conversation
  import_real mooncake mooncake-conversation.jsonl 12031 mooncake-conversation
  azure_row_for_row
  tail -n +2 "$work/mooncake-conversation.jsonl" | cmp - "$SHARED/data/mooncake-conversation.jsonl" ||
    fail "mooncake: rows differ from the trace"
  echo "real traces imported: 19,366 and 12,031 requests"
}

drops_are_counted() {
  printf '%s\n' 'TIMESTAMP,ContextTokens,GeneratedTokens' '2023-11-16 18:00:00,10,5' \
    '2023-11-16 18:00:01,10,0' '2023-11-16 18:00:02,ten,5' '2023-11-16 18:00:03,10,0' >"$work/t.csv"
  expect_exit 0 "$ASRUN" profile import azure "$work/t.csv" -o "$work/t.jsonl"
  says "1 requests, from 4 rows of t.csv"
  says "2 dropped: GeneratedTokens: zero (first at line 3)"
  says "1 dropped: ContextTokens: not a number (first at line 4)"
  expect_exit 2 "$ASRUN" profile import azure "$work/t.csv" -o "$work/t.csv"
  says "is the trace itself"
  expect_exit 5 "$ASRUN" profile import azure "$work/t.csv" -o /dev/null/x
}

# What asrun writes fits its schema; the schema knows each key of the table in the docs.
headers_fit_the_schema() {
  local schema=$SOURCE/schema/profile.schema.json file
  for key in $(sed -nE 's/^        "([a-z0-9_]+)": .*/\1/p' "$schema"); do
    grep -q "\`$key\`" "$SOURCE/docs/formats/profile.md" || fail "docs/formats/profile.md: no $key"
  done
  /usr/bin/python3 -c 'import jsonschema' 2>/dev/null || { echo "skipped: no python3-jsonschema"; return; }
  for file in "$work/t.jsonl" "$SOURCE"/lib/workload/data/*.json; do
    head -1 "$file" | /usr/bin/python3 -c 'import json, jsonschema, sys
jsonschema.validate(json.load(sys.stdin), json.load(open(sys.argv[1])))' "$schema" || fail "$file: header against its schema"
  done
}

width_is_80() {
  for name in azure-2023-conversation mooncake-conversation; do
    expect_exit 0 "$ASRUN" profile show "$name"
    [ "$(LC_ALL=C.UTF-8 wc -L <"$work/out")" -le 80 ] || fail "$name: over 80 columns"
  done
}

verbs() {
  expect_exit 0 "$ASRUN" profile --help
  for verb in import show learn list; do
    expect_exit 0 "$ASRUN" profile "$verb" --help
    says "usage: asrun profile $verb"
  done
  expect_exit 2 "$ASRUN" profile
  expect_exit 2 "$ASRUN" profile nonsense
  expect_exit 2 "$ASRUN" profile import azure
  expect_exit 2 "$ASRUN" profile show --nonsense
  expect_exit 2 "$ASRUN" profile show no-such-profile
  says "shipped are: azure-2023-conversation, mooncake-conversation"
  expect_exit 0 "$ASRUN" profile list
  says "CC-BY-4.0"
}

bad_profiles
real_traces
drops_are_counted
headers_fit_the_schema
width_is_80
verbs
[ "$fails" -eq 0 ] || exit 1
echo "profile: all as expected"
