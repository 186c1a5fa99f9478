#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. Closes with ctest's summary.
#   tests/run.sh          everything: sanitizers, other instruction sets, all tests
#   tests/run.sh --quick  the release build and its tests without the slow ones
#   tests/run.sh --full   everything, and the command line tool built for three more CPUs
set -euo pipefail
cd "$(dirname "$0")/.."

quick= full=
case "${1:-}" in
  "") ;;
  --quick) quick=1 ;;
  --full) full=1 ;;
  *) echo "usage: $0 [--quick|--full]" >&2; exit 2 ;;
esac
jobs=$(nproc)
# A compiler cache serves a clone in any folder.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
started=$SECONDS

say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

# build PRESET [TARGET…]
build() {
  local preset=$1
  shift
  cmake --preset "$preset" >"build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log"
    exit 1
  }
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"}
}

# run_tests BUILD_FOLDER [CTEST ARGUMENT…]
run_tests() {
  local folder=$1
  shift
  ${launcher:-} ctest --test-dir "$folder" --output-on-failure --no-tests=error \
    --parallel "$jobs" "$@"
}

# The same, but prints only what failed and the summary.
run_tests_briefly() {
  local log=$1/tests.log
  if run_tests "$@" >"$log" 2>&1; then
    grep 'tests passed' "$log"
  else
    grep --invert-match ' Passed \|^ *Start ' "$log"
    return 1
  fi
}

mkdir -p build
say "packages"
deploy/packages.sh build test
[ -n "$quick" ] || deploy/packages.sh cross
say "model"
deploy/get_model.sh || echo "skipped: the default model could not be fetched; its tests say so"

say "release build"
build release
if [ -z "$quick" ]; then
  # The sanitizer runs leave out the default model: it would take most of their time and adds
  # no code that the tiny models do not reach. Tests with a broker run under the thread sanitizer.
  say "address and undefined-behaviour sanitizers"
  build dev unit_tests
  PICOLM_TEST_MODEL=none run_tests_briefly build/dev --label-exclude 'slow|process|broker'
  say "thread sanitizer"
  build tsan thread_tests
  TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp halt_on_error=1" launcher="setarch -R" \
    PICOLM_TEST_MODEL=none run_tests_briefly build/tsan --label-regex thread
  say "aarch64"
  build aarch64 unit_tests
  # Paging and the comparison of all ways to score take minutes each under emulation and hold no
  # code of that CPU.
  PICOLM_TEST_MODEL=none run_tests_briefly build/aarch64 --label-exclude slow \
    --exclude-regex '^(Paging|ScoringTest|fuzz)'
fi
if [ -n "$full" ]; then
  deploy/packages.sh more
  say "the same answers from 64-bit ARM, 32-bit ARM and RISC-V"
  build aarch64 picolm
  build armhf picolm inference_kernels_test
  build riscv64 picolm inference_kernels_test
  tests/cross.sh aarch64 armhf riscv64
fi

say "release tests"
run_tests build/release ${quick:+--label-exclude slow}
