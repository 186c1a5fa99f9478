"""What the end-to-end scenarios share.

places    where programs, models and data are, and what is missing
process   a child process with its log, stopped by its pid
broker    a Mosquitto on a free loopback port, or one that PICOLM_E2E_BROKER names
agent     picolm-agent as a user runs it
observer  an independent MQTT 5 client that remembers all it sees
decisions what every published decision must look like, judged by jsonschema
case      one scenario: folder, broker, observer, agent; judges all output at its end

Nothing here waits for a fixed time: every wait is for an event and has a deadline.
"""

WAIT_S = 60  # for one event, on a machine that is busy with other tests
