#include "agent/config_keys.h"

#include <array>

namespace agent {
namespace {

using enum KeyKind;

constexpr double kNone = 0;
constexpr double kDecimal = 1e12;  // bound of every measured value

// clang-format off
constexpr auto kKeys = std::to_array<KeySpec>({
// path                      kind          required default      min    max        unit     choices
{"$schema",                  String,       false, "",            0,     1024,      "bytes", "",
 "Names the JSON Schema for editors; not read."},
{"agent_id",                 String,       false, "host name",   1,     64,        "bytes", "",
 "Name of this agent in its topics and as MQTT client id: letters, digits, `.`, `_`, `-`."},
{"topic_root",               String,       false, "\"picolm\"",  1,     128,       "bytes", "",
 "The agent's own topics are `ROOT/AGENT/status`, `ROOT/AGENT/metrics` and so on."},
{"broker",                   Object,       true,  "",            kNone, kNone,     "",      "",
 "The MQTT broker."},
{"broker.uri",               String,       true,  "",            1,     512,       "bytes", "",
 "`mqtt://HOST:PORT`, or `mqtts://HOST:PORT` for TLS. MQTT 5, or 3.1.1 where the broker has no 5."},
{"broker.username",          String,       false, "\"\"",        0,     256,       "bytes", "",
 "User name; empty: none."},
{"broker.password_file",     String,       false, "\"\"",        0,     4096,      "bytes", "",
 "File whose first line is the password. It must not be readable for everybody."},
{"broker.tls",               Object,       false, "",            kNone, kNone,     "",      "",
 "Files for `mqtts://`; refused with `mqtt://`. The broker's host name is always checked."},
{"broker.tls.ca",            String,       false, "\"\"",        0,     4096,      "bytes", "",
 "Certificates that may sign the broker's, PEM. Required with `mqtts://`."},
{"broker.tls.cert",          String,       false, "\"\"",        0,     4096,      "bytes", "",
 "The agent's own certificate, PEM, for mutual TLS; needs `key`."},
{"broker.tls.key",           String,       false, "\"\"",        0,     4096,      "bytes", "",
 "The key of `cert`, PEM."},
{"broker.keep_alive_s",      Integer,      false, "10",          2,     3600,      "s",     "",
 "A silent link is found dead after about 2.5 times this."},
{"broker.session_expiry_s",  Integer,      false, "86400",       0,     4294967294.0, "s",  "",
 "How long the broker keeps messages for an agent that is away."},
{"broker.reply_to",          StringList,   false, "[]",          0,     64,        "items", "",
 "Filters inside which a request's Response Topic is honoured; empty: requests get no reply."},
{"model",                    Object,       true,  "",            kNone, kNone,     "",      "",
 "The language model."},
{"model.path",               String,       true,  "",            1,     4096,      "bytes", "",
 "GGUF file."},
{"model.sha256",             String,       false, "\"\"",        0,     64,        "bytes", "",
 "SHA-256 of the file in hex; a file with another hash is refused. Empty: not checked."},
{"model.digest",             String,       false, "\"\"",        0,     4096,      "bytes", "",
 "Hashes of the file that `picolm digest` wrote: all that is read of the model is checked as it "
 "arrives, and no decision is made from other bytes. Empty: not checked."},
{"model.memory", Size, false, "0", 0, 1099511627776.0, "bytes", "",
 "Largest memory of the whole agent, as a number or `256M`; a model that does not fit is paged "
 "from its file. 0: what is available at the start, less 16 MiB."},
{"model.threads",            Integer,      false, "0",           0,     256,       "threads", "",
 "Threads that compute; 0: cores - 1, at least 1."},
{"model.read_mb_s",          Integer,      false, "0",           0,     100000,    "MB/s",  "",
 "Most that is read from storage a second while a model larger than its memory is paged; 0: no "
 "limit."},
{"state_dir",                String,       false, "\"\"",        0,     4096,      "bytes", "",
 "Folder of this agent alone, made if absent and locked while it runs, so that two agents "
 "cannot share one identity on a machine. Prompts that were evaluated are kept in it, which makes "
 "the next start quicker, the windows of routes, and what was taught by feedback (`picolm.db`), "
 "which is lost at the end without it. Empty: none."},
{"routes",                   ObjectList,   true,  "",            1,     256,       "items", "",
 "What is decided. A message goes to every route that it matches."},
{"routes[].name",            String,       true,  "",            1,     64,        "bytes", "",
 "Unique name: letters, digits, `.`, `_`, `-`."},
{"routes[].subscribe",       StringOrList, true,  "",            1,     64,        "items", "",
 "Topic filters. A named level `{area}` is a `+` whose text can be used in `publish` and `bind`."},
{"routes[].qos",             Integer,      false, "1",           0,     2,         "",      "",
 "Quality of service of the subscription. Decisions are always published at 1."},
{"routes[].class", Choice, false, "\"telemetry\"", kNone, kNone, "", "telemetry|event|command",
 "What kind of message this is. A command is never taken from a retained message."},
{"routes[].retained", Choice, false, "\"ignore\"", kNone, kNone, "", "ignore|state",
 "`ignore`: a message that the broker had stored as retained is refused and counted. `state`: "
 "it is decided like any other; not for commands."},
{"routes[].payload", Choice, false, "\"auto\"", kNone, kNone, "", "auto|json|text|number|csv",
 "What the payload is. `auto`: JSON if it is an object or a list, a number, else text."},
{"routes[].csv",             Object,       false, "",            kNone, kNone,     "",      "",
 "How to read `csv`; required with it and refused without."},
{"routes[].csv.separator",   String,       false, "\",\"",       1,     1,         "bytes", "",
 "Between columns."},
{"routes[].csv.decimal",     String,       false, "\".\"",       1,     1,         "bytes", "",
 "Decimal point, `.` or `,`."},
{"routes[].csv.columns",     StringList,   true,  "",            1,     256,       "items", "",
 "Names of the columns, in order; a column is the field `/NAME`."},
{"routes[].split",           String,       false, "\"\"",        0,     256,       "bytes", "",
 "JSON pointer of a list; each element is decided as a message of its own. Empty: not split."},
{"routes[].fields",          ObjectList,   false, "[]",          0,     64,        "items", "",
 "Values taken from the payload; then the model sees only these. Where one is missing, or no "
 "number where it has a scale or bounds, the route abstains: `sensor_fault`. Empty: the model "
 "sees the payload."},
{"routes[].fields[].name",   String,       true,  "",            1,     64,        "bytes", "",
 "Name that the model sees."},
{"routes[].fields[].from",   String,       false, "/NAME",       0,     256,       "bytes", "",
 "JSON pointer in the payload; \"\" is the whole of a bare number."},
{"routes[].fields[].scale",  Number,       false, "",            -kDecimal, kDecimal, "",   "",
 "Factor; not 0. The value must be a number."},
{"routes[].fields[].unit",   String,       false, "\"\"",        0,     16,        "bytes", "",
 "Unit that the model sees behind the value."},
{"routes[].fields[].min",    Number,       false, "",            -kDecimal, kDecimal, "",   "",
 "Least value after scaling; below it the route abstains: `sensor_fault`."},
{"routes[].fields[].max",    Number,       false, "",            -kDecimal, kDecimal, "",   "",
 "Greatest value after scaling; above it the route abstains: `sensor_fault`."},
{"routes[].window",          Object,       false, "",            kNone, kNone,     "",      "",
 "What fields did lately on the message's own topic, as further values `FIELD_STATISTIC` such as "
 "`oil_temp_mean`, which the model sees and the route learns from. Faulty readings do not enter."},
{"routes[].window.s",        Integer,      true,  "",            1,     86400,     "s",     "",
 "How far back the window reaches."},
{"routes[].window.of",       StringList,   true,  "",            1,     16,        "items", "",
 "Names of `fields` that are numbers."},
{"routes[].window.as", ChoiceList, false, "[\"last\",\"mean\",\"min\",\"max\",\"slope\",\"count\"]",
 1, 6, "items", "last|mean|min|max|slope|count",
 "Which values: `slope` is by least squares, a second; `count` the samples in the window."},
{"routes[].window.stuck",    Integer,      false, "10",          0,     100000,    "samples", "",
 "Equal readings in a row that are a sensor fault, on a route whose examples vary in that field "
 "and seldom have that value. 0: none."},
{"routes[].id",              String,       false, "\"\"",        0,     256,       "bytes", "",
 "JSON pointer of the message's own id. The MQTT user property `id` and Correlation Data come "
 "before it."},
{"routes[].time",            Object,       false, "",            kNone, kNone,     "",      "",
 "Where the message says when it was made."},
{"routes[].time.pointer",    String,       true,  "",            0,     256,       "bytes", "",
 "JSON pointer of the time."},
{"routes[].time.format", Choice, false, "\"ms\"", kNone, kNone, "", "ms|s|iso8601",
 "Milliseconds or seconds since 1970, or text such as `2026-01-31T12:00:00.5Z`."},
{"routes[].max_age_s",       Integer,      false, "0",           0,     31536000,  "s",     "",
 "Older messages end as EXPIRED, ones from as far in the future as REJECTED; needs `time`. 0: "
 "any age."},
{"routes[].schema",          PathOrObject, true,  "",            kNone, kNone,     "",      "",
 "What a decision looks like: JSON Schema or the shorthand `{\"status\":[\"ok\",\"error\"]}`, "
 "inline or as a file."},
{"routes[].instructions",    String,       false, "\"\"",        0,     8192,      "bytes", "",
 "What the model is told before every message."},
{"routes[].examples",        PathOrList,   false, "[]",          0,     1000,      "rows",  "",
 "Rows `{\"payload\":…,\"expected\":{…}}`, inline or as a file of JSON lines. The route "
 "learns from them at start, together with what it was taught by feedback (the newest 512 in "
 "all), and `check` compares its decisions with them."},
{"routes[].bind",            StringMap,    false, "{}",          0,     64,        "items", "",
 "Properties of the decision that the agent fills from named levels, such as "
 "`\"press-{press}\"`; the model neither sees nor decides them."},
{"routes[].rules",           ObjectList,   false, "[]",          0,     64,        "items", "",
 "Decisions that need no model; the first rule that matches decides, before all else."},
{"routes[].rules[].when",    Json,         true,  "",            kNone, kNone,     "",      "",
 "`{FIELD:{OPERATOR:VALUE}}`, all of which must hold. FIELD is a name of `fields`, else a JSON "
 "pointer; `\"\"` is a text or number as a whole. Operators: `>`, `>=`, `<`, `<=` for numbers, "
 "`==`, `!=`, `in` (a list), `equals` (a text or a list of them, whatever its case and white "
 "space). A value that is missing or of another kind matches nothing."},
{"routes[].rules[].decide",  Json,         true,  "",            kNone, kNone,     "",      "",
 "The decision. It must satisfy the schema; bound properties may be left out."},
{"routes[].rungs", ChoiceList, false, "[\"rule\",\"cache\",\"head\",\"model\"]", 1, 4, "items",
 "rule|cache|head|model",
 "Who may decide, in order: `rules`, sure decisions on the same values before, what was learned "
 "where it is sure, the model. A route that was taught nothing asks the model; one of rules alone "
 "needs none."},
{"routes[].learn_from_self", Number,       false, "0",           0,     0.5,       "",      "",
 "Weight of lessons taken from the model's own answers of at least 0.95 confidence, at most 128 "
 "and marked `self`; a person's word always stands above them. 0: none."},
{"routes[].min_confidence",  Number,       false, "0",           0,     1,         "",      "",
 "Below it the agent abstains."},
{"routes[].fallback",        Json,         false, "",            kNone, kNone,     "",      "",
 "Published instead of an abstained decision. It must satisfy the schema; bound properties may "
 "be left out."},
{"routes[].publish",         String,       true,  "",            1,     1024,      "bytes", "",
 "Topic of the decisions; `{name}` is what stood at the named level."},
{"routes[].mode", Choice, false, "\"advise\"", kNone, kNone, "", "advise|act",
 "`advise`: decisions are published for others to act on. `act`: those that pass `interlock` are "
 "also sent to `command`, as long as the route is precise enough."},
{"routes[].command",         String,       false, "",            1,     1024,      "bytes", "",
 "Topic of commands, always in the full envelope; required with `act`."},
{"routes[].min_precision",   Number,       false, "0.98",        0,     1,         "",      "",
 "`act` only advises, with the alarm `act_suspended`, while fewer of the held-out examples at "
 "`min_confidence` were right, or fewer than 20 are known. What a rule decides is precise."},
{"routes[].decision_expiry_s", Integer,    false, "60, act: 5",  1,     86400,     "s",     "",
 "How long a decision is worth anything after it was made. With `act` also how long an input may "
 "have waited here."},
{"routes[].publish_on", Choice, false, "\"always\"", kNone, kNone, "", "always|change",
 "`change`: a decision like the last one on its topic is not published again and ends as "
 "UNCHANGED."},
{"routes[].agree",           Integer,      false, "1",           1,     100,       "decisions", "",
 "With `change`: another decision is published when it has come so often in a row. Safe actions "
 "need not be agreed on."},
{"routes[].deadband",        Json,         false, "{}",          kNone, kNone,     "",      "",
 "With `change`: `{FIELD:NUMBER}`; a number that differs by no more is the same."},
{"routes[].repeat_s",        Integer,      false, "0",           0,     86400,     "s",     "",
 "With `change`: the same decision is published again after so long. 0: never."},
{"routes[].silence_s",       Integer,      false, "0",           0,     86400,     "s",     "",
 "A topic that was heard and then not for so long is silent: the fallback is published as "
 "ABSTAINED `silent` and the alarm `silent` raised, until its next message. 0: not noticed."},
{"routes[].expect",          StringList,   false, "[]",          0,     256,       "items", "",
 "Topics that must speak although they were never heard; needs `silence_s`."},
{"routes[].state",           Json,         false, "{}",          kNone, kNone,     "",      "",
 "Other topics that preconditions look at: `{NAME:{\"topic\",\"pointer\",\"max_age_s\"}}`. The "
 "topic may use named levels. A message that the broker had stored has no known age and counts as "
 "none."},
{"routes[].interlock",       Object,       false, "",            kNone, kNone,     "",      "",
 "Plain rules between a decision and `command`; what they refuse ends as REFUSED."},
{"routes[].interlock.allow", Json,         false, "{}",          kNone, kNone,     "",      "",
 "`{FIELD:[VALUE,…]}`: what each of these properties may be in a command. Required with `act`."},
{"routes[].interlock.limits", Json,        false, "{}",          kNone, kNone,     "",      "",
 "`{FIELD:{\"min\",\"max\",\"step\"}}` for numbers; `step` is the largest change since the last "
 "act on the target."},
{"routes[].interlock.require", ObjectList, false, "[]",          0,     64,        "items", "",
 "Preconditions. A value that is missing, too old or of another kind fails."},
{"routes[].interlock.require[].field", String, false, "",        0,     256,       "bytes", "",
 "A name of `fields`, else a JSON pointer of the payload. One of `field`, `window`, `state`."},
{"routes[].interlock.require[].window", String, false, "",       1,     256,       "bytes", "",
 "A value of the route's window."},
{"routes[].interlock.require[].state", String, false, "",        1,     64,        "bytes", "",
 "A name of `state`."},
{"routes[].interlock.require[].equals", Json, false, "",         kNone, kNone,     "",      "",
 "What it must be: a number, a text, true or false."},
{"routes[].interlock.require[].min", Number, false, "",          -kDecimal, kDecimal, "",   "",
 "Least number."},
{"routes[].interlock.require[].max", Number, false, "",          -kDecimal, kDecimal, "",   "",
 "Greatest number."},
{"routes[].interlock.require[].actions", StringList, false, "[]", 0,    64,        "items", "",
 "Values of `action` that need it; none given: every action that is not safe."},
{"routes[].interlock.max_per_min", Integer, false, "0",          0,     600,       "acts",  "",
 "Most acts on a target within any minute, safe actions not counted. 0: no bound."},
{"routes[].interlock.min_dwell_s", Integer, false, "0",          0,     86400,     "s",     "",
 "Least time between an act on a target and the next that is not safe."},
{"routes[].interlock.safe_actions", StringList, false, "[]",     0,     64,        "items", "",
 "Values of `action` that pass the global stop, skip step, dwell, rate and confirmation, and have "
 "places of their own where places run out."},
{"routes[].interlock.confirm", Object,     false, "",            kNone, kNone,     "",      "",
 "A person must agree before it acts; asked on `ROOT/AGENT/confirm/ROUTE`."},
{"routes[].interlock.confirm.actions", StringList, true, "",     1,     64,        "items", "",
 "Values of `action` that need it."},
{"routes[].interlock.confirm.topic", String, true, "",           1,     1024,      "bytes", "",
 "Where `{\"id\":DECISION,\"confirm\":true}` is expected; false refuses at once."},
{"routes[].interlock.confirm.timeout_s", Integer, false, "30",   1,     3600,      "s",     "",
 "Later or absent refuses."},
{"routes[].interlock.ack",   Object,       false, "",            kNone, kNone,     "",      "",
 "The machine says that it got a command; else the alarm `ack_missing`. Nothing is repeated."},
{"routes[].interlock.ack.topic", String,   true,  "",            1,     1024,      "bytes", "",
 "Where `{\"id\":DECISION}` is expected."},
{"routes[].interlock.ack.timeout_s", Integer, false, "10",       1,     3600,      "s",     "",
 "How long it may take."},
{"routes[].envelope", Choice, false, "\"bare\"", kNone, kNone, "", "bare|full",
 "`bare`: the payload is the decision and the rest travels as user properties. `full`: the "
 "payload holds everything. MQTT 3.1.1 has no user properties and always gets `full`."},
});

// clang-format on

constexpr auto kUnbuilt = std::to_array<std::string_view>({
    "routes[].deadline_ms",
});

}  // namespace

std::span<const KeySpec> config_keys() { return kKeys; }

std::span<const std::string_view> unbuilt_keys() { return kUnbuilt; }

const KeySpec* find_key(std::string_view path) {
  for (const KeySpec& key : kKeys) {
    if (key.path == path) return &key;
  }
  return nullptr;
}

}  // namespace agent
