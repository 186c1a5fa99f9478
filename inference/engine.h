#pragma once

// The door of the library: load a model, open a route for each output schema, decide messages.
// Nothing here logs, prints or exits.
// Thread safety: unsafe; one thread (the worker) owns an engine and its routes. Any thread may call
// cancel() and resume().

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/error.h"
#include "schemas/schema_spec.h"

namespace inference {

class BlockVerifier;  // inference/paging/block_check.h

struct EngineOptions {
  std::string model_path;
  std::uint32_t threads = 0;  // 0: physical cores
  std::string kernels;        // empty: the best this CPU runs
  // Of the whole process; a model that needs more is paged from its file. 0: no limit of ours.
  std::uint64_t memory_bytes_max = 0;
  std::uint32_t context_tokens_max = 1024;  // prompt and answer of one decision
  // Folder where prefixes are kept over restarts; must exist. Empty: they are not kept.
  std::string kv_dir;
  bool sequential = false;     // score token by token, one a pass: slow, to check the usual way
  bool exact_scoring = false;  // routes may be exact; memory is set aside for it
  // Of that memory, for the prefixes of routes; what does not fit beside the others is loaded or
  // evaluated when it is used. 0: a sixteenth, at least 8 MiB, and what the model leaves.
  std::uint64_t kept_bytes = 0;
  std::uint64_t read_bytes_s = 0;     // paging is held to that rate; 0: no limit
  BlockVerifier* verifier = nullptr;  // checks what is paged in; not owned, outlives the engine
};

struct RouteOptions {
  schemas::SchemaSpec schema;
  std::string instructions;
  // Messages without meaning for this route; their scores start the candidates' running means.
  // Empty: the engine's own handful.
  std::vector<std::string> neutral_messages;
  // Normalise each token's probability over the whole vocabulary instead of the options that
  // compete with it. Reads the output matrix once a pass. REQUIRES: EngineOptions::exact_scoring.
  bool exact = false;
  // Rungs that may answer a taught route; an untaught one is the model's.
  bool head = true;
  bool model = true;
};

enum class Rung : std::uint8_t { Rule, Cache, Head, Model, Abstain };
std::string_view name(Rung rung);

struct DecisionStats {
  double ms = 0;
  std::uint32_t prompt_tokens = 0;  // the whole prompt
  std::uint32_t fresh_tokens = 0;   // of it, evaluated for this decision
  std::uint32_t trie_nodes = 0;     // candidate tokens evaluated
  std::uint32_t sweeps = 0;         // passes over the layers
  std::uint64_t bytes_read = 0;     // from storage
};

// One closed field (a finite set of values) and how probable each of its values is.
struct FieldResult {
  std::string pointer;                                        // JSON pointer
  std::vector<std::pair<std::string, double>> probabilities;  // value as JSON text, schema order
};

// Why nobody should act on a decision although there is one.
enum class Doubt : std::uint8_t {
  None,
  SensorFault,   // a field is missing, no number, or far outside what the examples had
  Unlike,        // a text that no example resembles, or a command turned around
  NotInMessage,  // a value is to be copied from the message, which holds none that fits
};
std::string_view name(Doubt doubt);  // "", "sensor_fault", "unlike_examples", "not_in_message"

enum class DecideStatus : std::uint8_t { Decided, MessageTooLong, ReadFailed };

struct Decision {
  DecideStatus status = DecideStatus::Decided;
  std::string json;           // compact; parses and validates whatever the model did
  double confidence = 0;      // that all of it is right, in [0, 1]; calibrated on a taught route
  double raw_confidence = 0;  // product of the chosen probabilities
  std::vector<FieldResult> fields;
  Rung rung = Rung::Model;
  // If not None: rung is Abstain, confidence is 0 and `json` is only the best guess.
  Doubt doubt = Doubt::None;
  std::string doubt_pointer;  // SensorFault: of the message's field; NotInMessage: of the schema's
  DecisionStats stats;
};

class Engine;

// One output schema with its instructions, and what is kept between its messages: the prompt
// prefix and the candidates' running means. Made by Engine::open_route; must not outlive it.
class Route {
 public:
  ~Route();
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  struct Impl;  // inference/decide/route.h

 private:
  friend class Engine;
  explicit Route(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct Request {
  Route* route = nullptr;
  std::string_view message;  // text for the prompt; never tokenised as template
};

// What is known of one message before it is decided, a closed field each.
struct MessageScores {
  std::uint64_t message_hash = 0;
  DecideStatus status = DecideStatus::Decided;
  struct Field {
    std::vector<double> model;    // [options] log-probability under the model, normalised over them
    std::vector<double> overlap;  // [options] share of the option's n-grams that the message holds
    // [options][words] the same of words by which the instructions explain options, if they do
    std::vector<std::vector<double>> told;
  };
  std::vector<Field> fields;
  bool degenerate = false;  // logits were not finite somewhere: confidence is 0
  DecisionStats stats;
};

// One labelled message of a route.
struct Example {
  std::string_view message;   // as decide() gets it
  std::string_view expected;  // JSON document; closed fields it lacks are taught nothing
  double weight = 1;          // in (0, 1]
  // From score() on the same route, so that the model need not be asked again; may be null.
  const MessageScores* scores = nullptr;
};

struct TeachReport {
  struct Refused {
    std::size_t index = 0;  // of the example
    std::string reason;
  };
  std::size_t used = 0;
  std::vector<Refused> refused;  // these taught nothing
  // Each example as the others decide it: how sure, and whether right.
  struct HeldOut {
    double confidence = 0;
    double weight = 0;
    bool right = false;
  };
  std::vector<HeldOut> held_out;
  double held_out_accuracy = 0;  // share of examples decided right by the others, all fields
  bool uses_model = false;       // the model's scores are joined where the head is not sure
  double sure_from = 0;          // confidence from which on the head answers without the model
  double ms = 0;                 // of training, without the model
  std::size_t memory_bytes = 0;  // of what was learned
};

class Engine {
 public:
  // Loads the model. Throws LoadError.
  explicit Engine(const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Compiles the schema, evaluates the prefix and the neutral messages. Throws LoadError when the
  // schema or the instructions cannot work with this model (context too small).
  std::unique_ptr<Route> open_route(const RouteOptions& options);

  // One decision a request, in order: score, calibrate, choose. Requests share passes over the
  // weights; that changes no decision. Never throws for what a message holds.
  std::vector<Decision> decide(std::span<const Request> requests);

  // The three steps of decide() apart, for evaluation: a whole stream can be scored once and
  // calibrated before anything is chosen.
  std::vector<MessageScores> score(std::span<const Request> requests);
  // A message that repeats counts once, so that a steady stream cannot calibrate its own answer
  // away.
  void calibrate(Route& route, const MessageScores& scores);
  Decision choose(Route& route, std::string_view message, const MessageScores& scores);

  // Makes these examples all that the route has learned. What is learned depends on nothing else:
  // the examples are the state to keep. At most the last 512 are taken; 128 train in under a
  // second. The model scores each message once and remembers that while the route is open.
  TeachReport teach(Route& route, std::span<const Example> examples);
  void forget(Route& route);

  // Greedy continuation of `prompt` (a user turn in the model's chat format), at most `tokens_max`
  // tokens; constrained to `schema` if there is one.
  std::string generate(std::string_view prompt, std::uint32_t tokens_max,
                       const schemas::SchemaSpec* schema);

  // Logits after the last of `ids`. Throws LoadError for ids outside the vocabulary or too many.
  std::vector<float> logits(std::span<const std::uint32_t> ids);

  // Ends what is running at the next block of weights, and all that follows at once, with
  // ReadFailed, until resume(). For a shutdown that cannot wait for a sweep. Not from a signal
  // handler.
  void cancel();
  void resume();

  std::string_view kernels() const;
  std::uint32_t threads() const;
  std::uint32_t vocabulary_count() const;

  struct Impl;  // inference/decide/engine_impl.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace inference
