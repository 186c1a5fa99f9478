#pragma once

// A SchemaSpec as a pushdown automaton over the bytes of its documents: compact JSON, properties in
// the order of the schema, required ones always, optional ones or not, no others.
// The opening essay of automaton.cc says how it works and how it is meant to grow.
// Thread safety: CompiledSchema is constant after construction; a State belongs to one thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "inference/constrain/byte_set.h"
#include "inference/constrain/byte_trie.h"
#include "inference/constrain/decimal.h"
#include "inference/constrain/string_machine.h"
#include "schemas/schema_spec.h"

namespace inference {

// Limits of a schema; beyond them it is refused at load.
inline constexpr std::uint32_t kFramesMax = 64;               // nesting of values
inline constexpr std::uint32_t kNodesMax = 65'536;            // nodes of the SchemaSpec
inline constexpr std::uint32_t kLiteralBytesMax = 1u << 20;   // keys and enum values together
inline constexpr std::uint64_t kShortestBytesMax = 1u << 16;  // of the shortest document

// One value under way.
struct Frame {
  std::uint32_t node = 0;
  std::uint8_t phase = 0;      // of the machine of that node
  std::uint32_t index = 0;     // object: next property; array: items begun; string: code points
  std::uint32_t position = 0;  // object and enum: node of their trie
  DecimalState decimal;

  bool operator==(const Frame& other) const;
};

// Where a document stands: the values under way, outermost first. Only that many frames are used,
// so a copy costs what the depth is worth. An empty stack is a complete document.
struct State {
  State() = default;
  State(const State& other) { *this = other; }
  State& operator=(const State& other);
  bool operator==(const State& other) const;

  std::uint32_t depth = 0;
  std::array<Frame, kFramesMax> frames;
};

// What one advance() replaced; a byte touches at most two frames.
struct Undo {
  std::uint32_t depth = 0;
  std::uint32_t base = 0;
  std::array<Frame, 2> frames;
};

class CompiledSchema {
 public:
  // Throws LoadError: the spec is over a limit, refers to itself or to a node that is not there, or
  // has no finite member.
  explicit CompiledSchema(const schemas::SchemaSpec& spec);

  State initial() const;

  // Takes one byte. False, and `state` unchanged, if no document continues so.
  bool advance(State* state, std::uint8_t byte) const;

  // The same, and fills `undo` on success. Undoing in reverse order restores every state.
  bool advance(State* state, std::uint8_t byte, Undo* undo) const;
  static void take_back(State* state, const Undo& undo);

  // The bytes that advance() would take.
  ByteSet allowed_bytes(const State& state) const;

  // Whether the bytes so far are a whole document. A number may still continue.
  bool is_accepting(const State& state) const;

  // Length of the shortest completion, exactly; 0 if accepting. O(depth), except between
  // properties, where the properties that may come next are looked at.
  std::uint64_t shortest_bytes(const State& state) const;
  void append_shortest(const State& state, std::string* out) const;

  // Appends the bytes that must follow: while exactly one is allowed and the document is not
  // complete. `state` moves along.
  void append_forced(State* state, std::string* out) const;

  // Where the innermost value is a string whose opening quote is written.
  struct OpenString {
    StringPhase phase = StringPhase::Text;
    std::uint32_t characters_min = 0;  // code points still needed
    std::uint32_t characters_max = 0;  // code points that still fit
  };
  std::optional<OpenString> open_string(const State& state) const;

 private:
  friend class SchemaCompiler;

  struct EnumMachine {
    ByteTrie values;
  };
  struct StringMachine {
    std::uint32_t length_min = 0;
    std::uint32_t length_max = 0;
  };
  struct ArrayMachine {
    std::uint32_t items = 0;
    std::uint32_t count_min = 0;
    std::uint32_t count_max = 0;
  };
  struct ObjectMachine {
    ByteTrie keys;                             // of key_texts
    std::vector<std::string> key_texts;        // [properties]; `"name":`
    std::vector<std::uint32_t> nodes;          // [properties]
    std::vector<std::uint32_t> next_required;  // [properties + 1]; property count where none is
    std::vector<std::uint64_t> tail_bytes;     // [properties + 1]; shortest after that many

    // The last property that may come next where properties before `index` are done with.
    std::uint32_t last_candidate(std::uint32_t index) const;
  };
  using Machine =
      std::variant<EnumMachine, DecimalRange, StringMachine, ArrayMachine, ObjectMachine>;

  enum class Step : std::uint8_t { Refused, Stays, Closed, ClosedBefore, Child };
  struct Move {
    std::uint32_t base = 0;  // frames that stay as they are
    std::uint32_t count = 0;
    std::array<Frame, 2> frames;  // put on top of them
  };

  static Frame open(std::uint32_t node);
  bool move(const State& state, std::uint8_t byte, Move* out) const;
  Step step(Frame* frame, std::uint8_t byte, std::uint32_t* child) const;
  static Step step(const EnumMachine& machine, Frame* frame, std::uint8_t byte);
  static Step step(const DecimalRange& machine, Frame* frame, std::uint8_t byte);
  static Step step(const StringMachine& machine, Frame* frame, std::uint8_t byte);
  static Step step(const ArrayMachine& machine, Frame* frame, std::uint8_t byte,
                   std::uint32_t* child);
  static Step step(const ObjectMachine& machine, Frame* frame, std::uint8_t byte,
                   std::uint32_t* child);

  bool accepts(const Frame& frame) const;

  // The shortest way to end this frame, whatever lies on top of it being complete.
  std::uint64_t rest_bytes(const Frame& frame) const;
  std::uint64_t rest_bytes(const ArrayMachine& machine, const Frame& frame) const;
  std::uint64_t rest_bytes(const ObjectMachine& machine, const Frame& frame) const;
  void append_rest(const Frame& frame, std::string* out) const;
  void append_rest(const ArrayMachine& machine, Frame frame, std::string* out) const;
  void append_rest(const ObjectMachine& machine, Frame frame, std::string* out) const;
  struct KeyChoice {
    std::uint32_t property = 0;
    std::uint64_t cost = 0;  // bytes to the end of the object that way
  };
  KeyChoice best_key(const ObjectMachine& machine, const Frame& frame) const;

  std::vector<Machine> machines_;              // [nodes]
  std::vector<std::uint64_t> shortest_bytes_;  // [nodes]
  std::uint32_t root_ = 0;
};

}  // namespace inference
