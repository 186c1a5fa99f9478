#!/usr/bin/env bash
# Installs what is missing of the Debian packages a task needs.
#   deploy/packages.sh build|demo|test|cross|more …
# Prints nothing when all is there. Without root it uses sudo, or says what to run.
set -euo pipefail

build=(g++ cmake ninja-build libpaho-mqttpp-dev libpaho-mqtt-dev libssl-dev nlohmann-json3-dev
       libmbedtls-dev libspdlog-dev libcli11-dev libsqlite3-dev)
demo=(mosquitto mosquitto-clients python3 python3-pip python3-paho-mqtt unzip)
check=(libgtest-dev googletest mosquitto mosquitto-clients openssl python3 python3-pip
       python3-jsonschema python3-paho-mqtt unzip xz-utils ccache git util-linux
       clang-14 libclang-rt-14-dev clang-format-14)
cross=(g++-aarch64-linux-gnu qemu-user)
more=(g++-arm-linux-gnueabihf g++-riscv64-linux-gnu clang-tidy-14)

wanted=()
for task in "$@"; do
  case "$task" in
    build) wanted+=("${build[@]}") ;;
    demo) wanted+=("${demo[@]}") ;;
    test) wanted+=("${check[@]}") ;;
    cross) wanted+=("${cross[@]}") ;;
    more) wanted+=("${more[@]}") ;;
    *) echo "usage: $0 build|demo|test|cross|more …" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null; then
    as_root=(sudo)
  else
    echo "missing packages; as root run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0)
if ! "${install[@]}" "${missing[@]}" >/dev/null 2>&1; then
  "${as_root[@]}" apt-get update -qq
  "${install[@]}" "${missing[@]}" >/dev/null
fi
