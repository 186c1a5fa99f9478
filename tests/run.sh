#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. Closes with ctest's summary.
#   tests/run.sh          everything: sanitizers, other instruction sets, all tests
#   tests/run.sh --quick  a build that is soon made and its tests without the slow ones
#   tests/run.sh --full   everything, all of the engine built for three more CPUs, and clang-tidy
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
  # Afresh: CMake forgets a preset's settings when the compiler is not the one of last time.
  cmake --fresh --preset "$preset" >"build/configure-$preset.log" 2>&1 || {
    cat "build/configure-$preset.log"
    exit 1
  }
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"}
}

# run_tests BUILD_FOLDER [CTEST ARGUMENT…]. A test that computes counts as two, one that mostly
# waits for a broker as one.
run_tests() {
  local folder=$1
  shift
  ${launcher:-} ctest --test-dir "$folder" --output-on-failure --no-tests=error \
    --parallel $((2 * jobs)) "$@"
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

if [ -n "$quick" ]; then
  say "build"
  build quick
  say "tests"
  run_tests build/quick --label-exclude slow
  exit
fi

say "release build"
build release
# The sanitizer runs leave out the default model: it would take most of their time and adds no code
# that the tiny models do not reach. Tests with a broker run under the thread sanitizer. Left out
# are what takes longest and walks few ways often (all ways to score against each other, all short
# strings, recorded rows), and a peer's many thousand properties, for each of which Paho copies its
# list.
say "address and undefined-behaviour sanitizers"
build dev unit_tests
PICOLM_TEST_MODEL=none run_tests_briefly build/dev --label-exclude 'slow|process|broker' \
  --exclude-regex '_NOT_BUILT|^RowsTest|GiveTheSameBits/Exact|StringsAreExactlyWellFormed'
say "thread sanitizer"
build tsan thread_tests
TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp halt_on_error=1" launcher="setarch -R" \
  PICOLM_TEST_MODEL=none run_tests_briefly build/tsan --label-regex thread \
  --exclude-regex 'DropsTooManyUserProperties'
say "aarch64"
if [ -n "$full" ]; then
  build aarch64 unit_tests picolm
  # Paging and the comparison of all ways to score take minutes each under emulation and hold no
  # code of that CPU.
  PICOLM_TEST_MODEL=none run_tests_briefly build/aarch64 --label-exclude slow \
    --exclude-regex '^(Paging|ScoringTest|fuzz)'
  deploy/packages.sh more
  say "the same answers from 64-bit ARM, 32-bit ARM and RISC-V"
  build armhf picolm inference_kernels_test
  build riscv64 picolm inference_kernels_test
  tests/cross.sh aarch64 armhf riscv64
  say "clang-tidy"
  build clang
else
  build aarch64 cpu_tests
  PICOLM_TEST_MODEL=none run_tests_briefly build/aarch64 --label-regex cpu
fi

say "release tests"
run_tests build/release
