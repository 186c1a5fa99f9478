#pragma once

// A SchemaSpec as a pushdown automaton over the bytes of its documents. The same machines serve two
// purposes, which differ in how much of the schema's language they take:
//   Write   compact JSON as it is generated: properties in the order of the schema, undeclared ones
//           only where min_properties demands them, open lengths cut at their defaults. Every state
//           has a shortest completion.
//   Accept  any compact JSON that the schema allows: properties in any order, undeclared ones too,
//           numbers in any spelling. For verdicts; it has no completions.
// The opening essay of automaton.cc says how it works.
// Thread safety: CompiledSchema is constant after construction; a State belongs to one thread.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "inference/constrain/byte_set.h"
#include "inference/constrain/byte_trie.h"
#include "inference/constrain/decimal.h"
#include "inference/constrain/leap_second.h"
#include "inference/constrain/number_reader.h"
#include "inference/constrain/string_machine.h"
#include "inference/constrain/text_machine.h"
#include "schemas/schema_spec.h"

namespace inference {

// Limits of a schema; beyond them it is refused at load.
inline constexpr std::uint32_t kFramesMax = 64;               // nesting of values
inline constexpr std::uint32_t kNodesMax = 65'536;            // nodes of the SchemaSpec
inline constexpr std::uint32_t kLiteralBytesMax = 1u << 20;   // keys and enum values together
inline constexpr std::uint64_t kShortestBytesMax = 1u << 16;  // of the shortest document

// Ways to read a document that are followed at once. Of more, those with the longest completions
// are dropped: documents are lost, never a wrong one taken.
inline constexpr std::uint32_t kWaysMax = 64;            // for writing
inline constexpr std::uint32_t kWaysForVerdicts = 4096;  // for verdicts

// Properties of an object, where they may come in any order.
inline constexpr std::uint32_t kPropertiesMax = 256;

enum class SchemaUse : std::uint8_t { Write, Accept };

// One value under way. Frames are never changed once they stand in a state's pool.
struct Frame {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::uint32_t machine = 0;
  std::uint32_t parent = kNone;  // of the value around it, in the pool
  std::uint32_t depth = 1;       // frames from the outermost to this one
  std::uint8_t phase = 0;        // of the machine
  std::uint8_t key_phase = 0;    // StringPhase of a key that may be undeclared
  std::uint32_t index = 0;       // object: next property; array: items begun; string: code points
  std::uint32_t count = 0;       // object: properties begun
  std::uint32_t position = 0;    // object and enum: node of their trie
  std::uint32_t text = 0;        // string and undeclared key: state of their table
  std::uint32_t moved = 0;       // scratch of State::compress
  std::uint64_t below = 0;       // shortest way to end all frames around this one
  DecimalState decimal;
  NumberReader number;
  std::array<std::uint64_t, kPropertiesMax / 64> seen{};  // properties begun, where unordered

  bool operator==(const Frame& other) const;
};

// Where a document stands: the ways to read it that are still open. Each is the innermost value
// under way, or kNone where the document is complete. Frames are shared between the ways.
class State {
 public:
  State() = default;

  // The ways, innermost frame each.
  std::uint32_t way_count() const { return static_cast<std::uint32_t>(tops_.size()) - first_; }
  bool operator==(const State& other) const;

  // Room for so many frames, so that stepping allocates nothing.
  void reserve(std::size_t frames);

 private:
  friend class CompiledSchema;

  bool same_way(std::uint32_t mine, const State& other, std::uint32_t theirs) const;
  void compress();

  std::vector<Frame> pool_;          // parents before children
  std::vector<std::uint32_t> tops_;  // the ways are [first_, end)
  std::uint32_t first_ = 0;
};

// What one advance() put on top of a state.
struct Undo {
  std::uint32_t pool = 0;
  std::uint32_t first = 0;
  std::uint32_t tops = 0;
};

class CompiledSchema {
 public:
  // Throws LoadError: the spec is over a limit, refers to a node that is not there, or has no
  // finite member.
  explicit CompiledSchema(const schemas::SchemaSpec& spec, SchemaUse use = SchemaUse::Write);

  State initial() const;
  void begin(State* state) const;  // the same in place, which allocates nothing

  // Takes one byte. False, and `state` unchanged, if no document continues so.
  bool advance(State* state, std::uint8_t byte) const;

  // The same, and fills `undo` on success. Undoing in reverse order restores every state.
  bool advance(State* state, std::uint8_t byte, Undo* undo) const;
  static void take_back(State* state, const Undo& undo);

  // The bytes that advance() would take.
  ByteSet allowed_bytes(const State& state) const;

  // The same without a copy; `state` is as it was afterwards.
  ByteSet try_bytes(State* state) const;

  // Whether the bytes so far are a whole document. A number may still continue.
  bool is_accepting(const State& state) const;

  // Length of the shortest completion, exactly; 0 if accepting. REQUIRES: SchemaUse::Write.
  std::uint64_t shortest_bytes(const State& state) const;
  void append_shortest(const State& state, std::string* out) const;

  // Appends the bytes that must follow: while exactly one is allowed and the document is not
  // complete. `state` moves along.
  void append_forced(State* state, std::string* out) const;

  // A way whose innermost value is a string with its opening quote written.
  struct OpenString {
    StringPhase phase = StringPhase::Text;
    // Without a table: code points still needed, and how many still fit.
    std::uint32_t characters_min = 0;
    std::uint32_t characters_max = 0;
    const TextMachine* table = nullptr;
    TextMachine::Place place;  // in the table
    std::uint64_t below = 0;   // shortest way to end all around the string
  };
  // REQUIRES: way < way_count().
  std::optional<OpenString> open_string(const State& state, std::uint32_t way) const;

  // Leaves only the ways of `ways` (bit i: way i), as they are. `undo` puts the others back.
  // REQUIRES: at most kWaysMax ways, and some of them in `ways`.
  void keep_ways(State* state, std::uint64_t ways, Undo* undo) const;

  // The same, and takes the strings off those ways, as their closing quotes do.
  // REQUIRES: open_string() of all of them.
  void leave_strings(State* state, std::uint64_t ways, Undo* undo) const;

 private:
  friend class SchemaCompiler;

  struct EnumMachine {
    ByteTrie values;
  };
  struct StringMachine {
    std::uint32_t length_min = 0;
    std::uint32_t length_max = 0;
    std::shared_ptr<const TextMachine> table;  // null: lengths only
  };
  struct LeapMachine {
    bool has_date = false;
  };
  struct ArrayMachine {
    std::vector<std::uint32_t> prefix;
    std::uint32_t items = 0;
    std::uint32_t count_min = 0;
    std::uint32_t count_max = 0;
    std::uint32_t item_at(std::uint32_t index) const {
      return index < prefix.size() ? prefix[index] : items;
    }
  };
  struct ObjectMachine {
    ByteTrie keys;                             // of key_texts
    std::vector<std::string> key_texts;        // [properties]; `"name":`
    std::vector<std::uint32_t> nodes;          // [properties]
    std::vector<bool> required;                // [properties]
    std::vector<std::uint32_t> next_required;  // [properties + 1]; property count where none is
    std::vector<std::uint32_t> required_from;  // [properties + 1]; how many from there on
    // [(properties + 1) * (wanted + 1)]: shortest end after that many properties, if at least so
    // many more must be written. kNoMember where it cannot be.
    std::vector<std::uint64_t> tail_bytes;
    std::uint32_t wanted = 0;
    std::uint32_t count_min = 0;
    std::uint32_t count_max = 0;
    std::vector<std::uint32_t> class_nodes;  // of undeclared keys
    schemas::TextTable classes;

    std::uint32_t size() const { return static_cast<std::uint32_t>(nodes.size()); }
    // The last property that may come next where properties before `index` are done with.
    std::uint32_t last_candidate(std::uint32_t index) const;
    std::uint64_t tail(std::uint32_t index, std::uint32_t count) const;
  };
  using Machine = std::variant<EnumMachine, DecimalRange, NumberBounds, StringMachine, LeapMachine,
                               ArrayMachine, ObjectMachine>;

  static constexpr std::uint64_t kNoMember = 0xFFFFFFFF;

  enum class Step : std::uint8_t { Refused, Stays, Closed, ClosedBefore, Child };

  Frame open(std::uint32_t machine) const;
  bool can_open(std::uint32_t node, std::uint32_t depth) const;
  void step_way(State* state, std::uint32_t top, std::uint8_t byte) const;
  void push_children(State* state, const Frame& parent, std::uint32_t child,
                     std::uint8_t byte) const;
  // From here on the state has no ways, until some are added; what take_back() needs for the old.
  static Undo begin_ways(State* state);
  static void add_way(State* state, std::uint32_t top);
  void push_frame(State* state, const Frame& frame) const;
  void drop_longest(State* state) const;

  Step step(Frame* frame, std::uint8_t byte, std::uint32_t* child) const;
  static Step step(const EnumMachine& machine, Frame* frame, std::uint8_t byte);
  static Step step(const DecimalRange& machine, Frame* frame, std::uint8_t byte);
  static Step step(const NumberBounds& machine, Frame* frame, std::uint8_t byte);
  static Step step(const StringMachine& machine, Frame* frame, std::uint8_t byte);
  static Step step(const LeapMachine& machine, Frame* frame, std::uint8_t byte);
  static TextMachine::Place text_place(const StringMachine& machine, const Frame& frame);
  Step step(const ArrayMachine& machine, Frame* frame, std::uint8_t byte,
            std::uint32_t* child) const;
  Step step(const ObjectMachine& machine, Frame* frame, std::uint8_t byte,
            std::uint32_t* child) const;
  Step step_key(const ObjectMachine& machine, Frame* frame, std::uint8_t byte) const;
  Step step_any_key(const ObjectMachine& machine, Frame* frame, std::uint8_t byte) const;
  Step step_any_order(const ObjectMachine& machine, Frame* frame, std::uint8_t byte,
                      std::uint32_t* child) const;
  bool may_follow(const ObjectMachine& machine, const Frame& frame, std::uint32_t property) const;
  bool some_may_follow(const ObjectMachine& machine, const Frame& frame) const;
  static bool may_close(const ObjectMachine& machine, const Frame& frame);
  static bool has_required(const ObjectMachine& machine, const Frame& frame);

  bool accepts(const Frame& frame) const;

  // The shortest way to end this frame, whatever lies on top of it being complete.
  std::uint64_t rest_bytes(const Frame& frame) const;
  std::uint64_t rest_bytes(const StringMachine& machine, const Frame& frame) const;
  std::uint64_t rest_bytes(const ArrayMachine& machine, const Frame& frame) const;
  std::uint64_t rest_bytes(const ObjectMachine& machine, const Frame& frame) const;
  std::uint64_t way_bytes(const State& state, std::uint32_t top) const;
  void append_value(std::uint32_t node, std::string* out) const;
  void append_rest(const Frame& frame, std::string* out) const;
  void append_rest(const StringMachine& machine, const Frame& frame, std::string* out) const;
  void append_rest(const ArrayMachine& machine, Frame frame, std::string* out) const;
  void append_rest(const ObjectMachine& machine, Frame frame, std::string* out) const;
  void append_tail(const ObjectMachine& machine, const Frame& frame, std::string* out) const;
  struct KeyChoice {
    std::uint32_t property = 0;
    std::uint64_t cost = kNoMember;  // bytes to the end of the object that way
  };
  KeyChoice best_key(const ObjectMachine& machine, const Frame& frame) const;

  SchemaUse use_ = SchemaUse::Write;
  std::vector<Machine> machines_;
  std::vector<std::uint64_t> machine_bytes_;              // [machines]; shortest documents
  std::vector<std::uint32_t> machine_depths_;             // [machines]; frames of those
  std::vector<std::vector<std::uint32_t>> alternatives_;  // [nodes]; machines, none if no member
  std::vector<std::uint64_t> shortest_bytes_;             // [nodes]
  std::vector<std::uint32_t> best_machine_;               // [nodes]
  std::uint32_t root_ = 0;
};

}  // namespace inference
