#!/usr/bin/env bash
# From a clone to decisions on a broker: installs what is missing, builds, fetches the default
# model, starts Mosquitto and picolm-agent on loopback, plays a small plant and shows each decision.
#   deploy/demo.sh               the plant in deploy/demo/plant.jsonl
#   deploy/demo.sh --rows FILE   your own recording: JSON lines {"topic","payload"[,"expected"]}
#   deploy/demo.sh --keep        leaves broker and agent up until Ctrl-C
# No process and no file is left behind but the build and the model, so a second run takes seconds
# and needs no network.
set -euo pipefail
called_from=$PWD
cd "$(dirname "$0")/.."

keep=
rows=$PWD/deploy/demo/plant.jsonl
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=1 ;;
    --rows) [ $# -ge 2 ] || { echo "--rows needs a file" >&2; exit 2; }; rows=$2; shift
      [[ $rows = /* ]] || rows=$called_from/$rows ;;
    *) echo "usage: $0 [--keep] [--rows FILE]" >&2; exit 2 ;;
  esac
  shift
done
[ -f "$rows" ] && [ -r "$rows" ] || { echo "$rows: cannot be read" >&2; exit 1; }

deploy/packages.sh build demo
/usr/bin/python3 deploy/demo/play.py --check --rows "$rows"
bin=${PICOLM_BIN:-}  # programs that are built already

# Turns ninja's "[12/80] …" lines into a bar; other lines are kept for the case of an error.
build_bar() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      local done=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
      local width=$((done * 40 / all))
      [ -t 1 ] && printf '\rbuilding [%-40s] %d/%d' \
        "$(printf '%*s' "$width" '' | tr ' ' '#')" "$done" "$all"
    fi
    printf '%s\n' "$line" >> build/demo.log
  done
  if [ -t 1 ]; then printf '\r%70s\r' ''; fi
}

if [ -z "$bin" ]; then
  bin=build/release/bin
  mkdir -p build
  : > build/demo.log
  if ! cmake --preset demo >> build/demo.log 2>&1; then
    cat build/demo.log >&2
    exit 1
  fi
  [ -t 1 ] || echo "building"
  if ! cmake --build --preset demo 2>&1 | build_bar; then
    tail -n 40 build/demo.log >&2
    exit 1
  fi
fi
model=$(deploy/get_model.sh)

work=$(mktemp -d)
broker= agent=
stop() {
  trap '' INT TERM HUP  # a second Ctrl-C must not leave anything behind
  # The agent first, so that its last words reach the broker.
  for pid in $agent $broker; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

# A free loopback port; 18830 if it is, so that the lines printed at the end stay the same.
port=$(/usr/bin/python3 - <<'PY'
import socket
for wanted in (18830, 0):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", wanted))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
PY
)
printf '%s\n' "listener $port 127.0.0.1" 'allow_anonymous true' 'persistence false' \
  'set_tcp_nodelay true' \
  > "$work/mosquitto.conf"
# Sessions of their own, so that Ctrl-C reaches this script alone and it ends them in order.
PATH="$PATH:/usr/sbin" setsid mosquitto -c "$work/mosquitto.conf" > "$work/mosquitto.log" 2>&1 &
broker=$!

cp deploy/demo/*.json deploy/demo/*.jsonl "$work"
mkdir "$work/state"
ln -s "$model" "$work/model.gguf"
sed -i -e "s|@PORT@|$port|" "$work/agent.json"
setsid "$bin/picolm-agent" run -c "$work/agent.json" > "$work/agent.log" 2>&1 &
agent=$!

status=0
/usr/bin/python3 deploy/demo/play.py --port "$port" --rows "$rows" --agent "$agent" || status=$?
if [ "$status" -ne 0 ]; then
  echo "the agent's last lines:" >&2
  tail -n 20 "$work/agent.log" >&2
fi

hint=
[ -n "$keep" ] || hint=", while deploy/demo.sh --keep runs"
cat <<EOF

To go on by hand (in another terminal${hint}):
  mosquitto_sub -h 127.0.0.1 -p $port -t 'plant/+/#' -t 'picolm/#' -v
  mosquitto_pub -h 127.0.0.1 -p $port -q 1 -t plant/hall1/command -m 'Turn on machine A'
  mosquitto_pub -h 127.0.0.1 -p $port -q 1 -t plant/hall1/press/1/telemetry \
-m '{"seq":99,"oil_c":98,"bar":240,"plc":"error, stop press"}'
EOF
if [ -n "$keep" ]; then
  echo "broker and agent are up; Ctrl-C ends them"
  wait "$agent" || status=$?
fi
exit "$status"
