#!/usr/bin/env bash
# The same bits on every processor: picolm of several builds runs on small models with random
# weights, and what it writes is compared with the release build. Builds for other processors run
# under qemu-user; the tests of their kernels run too.
#   tests/cross.sh [PRESET…]    default: aarch64 armhf riscv64
# Needs picolm and inference_kernels_test of each preset, picolm and synth_model of release.
set -euo pipefail
cd "$(dirname "$0")/.."

presets=("$@")
[ ${#presets[@]} -gt 0 ] || presets=(aarch64 armhf riscv64)
models=$(mktemp -d)
trap 'rm -rf "$models"' EXIT
schema='{"action":["start","stop"],"press":["1","2","none"]}'

# on PRESET PROGRAM ARGUMENT…
on() {
  local preset=$1 program=$2
  shift 2
  local emulator=()
  case "$preset" in
    release) ;;
    aarch64) emulator=(qemu-aarch64 -L /usr/aarch64-linux-gnu) ;;
    armhf) emulator=(qemu-arm -L /usr/arm-linux-gnueabihf) ;;
    riscv64) emulator=(qemu-riscv64 -L /usr/riscv64-linux-gnu) ;;
    *) echo "$preset: no such preset" >&2; return 2 ;;
  esac
  "${emulator[@]}" "build/$preset/bin/$program" "$@"
}

# outputs PRESET: a line with a hash for each model and command. False if one of them failed.
outputs() {
  local model name hash
  for model in "$models"/*.gguf; do
    name=$(basename "$model" .gguf)
    hash=$(on "$1" picolm logits -m "$model" --threads 2 --ids 1,7,40,3,99,12,5 | sha256sum) ||
      return 1
    echo "$name logits $hash"
    hash=$(echo 'stop press 2' | on "$1" picolm decide -m "$model" --threads 2 --explain \
      --schema "$schema" | sha256sum) || return 1
    echo "$name decide $hash"
  done
}

for quant in f16 q4_1 q5_0 q8_0 q4_k_m; do
  on release synth_model --shape tiny --quant "$quant" "$models/$quant.gguf"
done
outputs release >"$models/release"
failed=
for preset in "${presets[@]}"; do
  if ! outputs "$preset" >"$models/$preset" || ! diff "$models/release" "$models/$preset"; then
    echo "$preset: not the bits of the release build" >&2
    failed=1
  elif [ "$preset" != aarch64 ] && ! on "$preset" inference_kernels_test --gtest_brief=1; then
    failed=1
  else
    echo "$preset: $(wc -l <"$models/release") outputs, the bits of the release build"
  fi
done
[ -z "$failed" ]
