#!/usr/bin/env bash
# Runs the scenarios of tests/end_to_end against a Mosquitto in a container.
#   docker-test/run.sh [SCENARIO…]    such as decide_payloads; without one all that use a broker
# Needs docker or podman with compose, and the release build. Exit codes: 0 all passed, 1 one
# failed, 77 skipped because there is no engine or no image.
set -euo pipefail
cd "$(dirname "$0")"

skip() { echo "skipped: $*"; exit 77; }

engine=
compose=()
for name in docker podman; do
  "$name" info >/dev/null 2>&1 || continue
  engine=$name
  if "$name" compose version >/dev/null 2>&1; then
    compose=("$name" compose)
  elif "$name-compose" version >/dev/null 2>&1; then
    compose=("$name-compose")
  fi
  [ ${#compose[@]} -eq 0 ] || break
done
[ -n "$engine" ] || skip "no container engine (neither docker nor podman answers)"
[ ${#compose[@]} -gt 0 ] || skip "$engine has no compose"

export COMPOSE_FILE=$PWD/compose.yaml
export COMPOSE_PROJECT_NAME=picolm-e2e-$$
export PICOLM_BROKER_NAME=picolm-e2e-$$
export PICOLM_BROKER_PORT
PICOLM_BROKER_PORT=$(/usr/bin/python3 -c 'import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')

down() { "${compose[@]}" down -v >/dev/null 2>&1 || true; }
trap down EXIT
trap 'exit 130' INT TERM
"${compose[@]}" up -d >&2 || skip "the broker's container did not start"

deadline=$((SECONDS + 60))
until "$engine" exec "$PICOLM_BROKER_NAME" mosquitto_pub -t ready -n >/dev/null 2>&1; do
  [ "$SECONDS" -lt "$deadline" ] || { "$engine" logs "$PICOLM_BROKER_NAME"; exit 1; }
  sleep 0.2
done

export PICOLM_E2E_BROKER=127.0.0.1:$PICOLM_BROKER_PORT
export PICOLM_E2E_BROKER_KILL="$engine kill $PICOLM_BROKER_NAME"
export PICOLM_E2E_BROKER_START="$engine start $PICOLM_BROKER_NAME"
export PYTHONDONTWRITEBYTECODE=1
scenarios=("$@")
if [ ${#scenarios[@]} -eq 0 ]; then
  for file in $(grep -l AgentCase ../tests/end_to_end/*.py); do
    scenarios+=("$(basename "$file" .py)")
  done
fi

# One after the other: some of them kill the broker that all of them use.
failed=0
for scenario in "${scenarios[@]}"; do
  code=0
  log=$(/usr/bin/python3 "../tests/end_to_end/$scenario.py" 2>&1) || code=$?
  case "$code" in
    0) printf 'passed   %s%s\n' "$scenario" "$(grep -oE ' \(skipped=[0-9]+\)' <<<"$log" || true)" ;;
    77) printf 'skipped  %s: %s\n' "$scenario" "$(grep '^skipped: ' <<<"$log" | tail -n 1)" ;;
    *) printf 'FAILED   %s\n%s\n' "$scenario" "$log"; failed=1 ;;
  esac
done
exit "$failed"
