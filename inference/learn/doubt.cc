#include "inference/learn/doubt.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "inference/learn/characters.h"

namespace inference {
namespace {

constexpr double kBeyondSpan = 0.25;

// Kinds of turning words.
constexpr std::uint32_t kNegation = 1u << 0;
constexpr std::uint32_t kQuestionWord = 1u << 1;  // counts only as the first word
constexpr std::uint32_t kReport = 1u << 2;        // what somebody said or did, not what to do
constexpr std::uint32_t kCondition = 1u << 3;
constexpr std::uint32_t kBe = 1u << 4;  // these, too, only as the first word
constexpr std::uint32_t kHave = 1u << 5;
constexpr std::uint32_t kDid = 1u << 6;
constexpr std::uint32_t kWhat = 1u << 7;
constexpr std::uint32_t kQuestions = kQuestionWord | kBe | kHave | kDid | kWhat;

// A turning word that the message begins with, but for a "do" or "please", turns the whole message
// around, a later one perhaps a part of it; they are kinds of their own.
constexpr std::uint32_t kLeadingShift = 8;
constexpr std::u32string_view kBefore[] = {U"do", U"please", U"pls", U"you", U"bitte", U"proszę"};

struct TurningWord {
  std::u32string_view word;
  std::uint32_t kind;
};

constexpr TurningWord kWords[] = {
    {U"not", kNegation},
    {U"never", kNegation},
    {U"dont", kNegation},
    {U"cannot", kNegation},
    {U"without", kNegation},
    {U"nor", kNegation},
    {U"neither", kNegation},
    {U"shouldnt", kNegation},
    {U"mustnt", kNegation},
    {U"wont", kNegation},
    {U"doesnt", kNegation},
    {U"didnt", kNegation},
    {U"isnt", kNegation},
    {U"arent", kNegation},
    {U"wasnt", kNegation},
    {U"nicht", kNegation},
    {U"kein", kNegation},
    {U"keine", kNegation},
    {U"keinen", kNegation},
    {U"niemals", kNegation},
    {U"nie", kNegation},
    {U"pas", kNegation},
    {U"jamais", kNegation},
    {U"nunca", kNegation},
    {U"jamás", kNegation},
    {U"non", kNegation},
    {U"mai", kNegation},
    {U"niet", kNegation},
    {U"nooit", kNegation},
    {U"nigdy", kNegation},
    {U"who", kQuestionWord},
    {U"why", kQuestionWord},
    {U"whether", kQuestionWord},
    {U"when", kQuestionWord},
    {U"which", kQuestionWord},
    {U"whose", kQuestionWord},
    {U"wer", kQuestionWord},
    {U"warum", kQuestionWord},
    {U"wieso", kQuestionWord},
    {U"wann", kQuestionWord},
    {U"qui", kQuestionWord},
    {U"pourquoi", kQuestionWord},
    {U"quand", kQuestionWord},
    {U"quién", kQuestionWord},
    {U"cuándo", kQuestionWord},
    {U"chi", kQuestionWord},
    {U"perché", kQuestionWord},
    {U"wie", kQuestionWord},
    {U"waarom", kQuestionWord},
    {U"kto", kQuestionWord},
    {U"dlaczego", kQuestionWord},
    {U"kiedy", kQuestionWord},
    {U"said", kReport},
    {U"says", kReport},
    {U"told", kReport},
    {U"asked", kReport},
    {U"gesagt", kReport},
    {U"dit", kReport},
    {U"dijo", kReport},
    {U"powiedział", kReport},
    {U"if", kCondition},
    {U"unless", kCondition},
    {U"until", kCondition},
    {U"instead", kCondition},
    {U"wenn", kCondition},
    {U"falls", kCondition},
    {U"jeśli", kCondition},
    {U"is", kBe},
    {U"are", kBe},
    {U"was", kBe},
    {U"were", kBe},
    {U"has", kHave},
    {U"have", kHave},
    {U"had", kHave},
    {U"did", kDid},
    {U"does", kDid},
    {U"ist", kBe},
    {U"sind", kBe},
    {U"wurde", kHave},
    {U"est", kBe},
    {U"está", kBe},
    {U"czy", kDid},
    {U"what", kWhat},
    {U"how", kWhat},
    {U"where", kWhat},
};

std::uint32_t kind_of(std::u32string_view word, bool first) {
  for (const TurningWord& entry : kWords) {
    if (entry.word != word) continue;
    return (entry.kind & kQuestions) != 0 && !first ? 0 : entry.kind;
  }
  return 0;
}

}  // namespace

DoubtAnswer sensor_doubt(const FeatureSpace& space, std::span<const double> readings) {
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const FeatureSpace::NumberField& field = space.numbers()[i];
    if (std::isnan(readings[i])) {
      if (field.always) return {Doubt::SensorFault, field.pointer};
      continue;
    }
    const double value = field.mean + readings[i] * field.deviation;
    const double slack = kBeyondSpan * (field.high - field.low);
    if (value < field.low - slack || value > field.high + slack) {
      return {Doubt::SensorFault, field.pointer};
    }
  }
  return {};
}

std::uint32_t turning_words(std::string_view message) {
  std::uint32_t out = 0;
  std::u32string word;
  bool first = true;
  bool leading = true;
  for (std::size_t i = 0; i <= message.size();) {
    const bool at_end = i == message.size();
    const char32_t c = at_end ? U' ' : to_lower(next_character(message, i));
    const bool apostrophe = c == U'\'' || c == 0x2019;  // "don't" is one word
    if (!at_end && is_word_character(c)) {
      word.push_back(c);
    } else if (!apostrophe && !word.empty()) {
      const std::uint32_t kind = kind_of(word, first);
      out |= leading ? kind << kLeadingShift : kind;
      leading =
          leading && std::find(std::begin(kBefore), std::end(kBefore), word) != std::end(kBefore);
      first = false;
      word.clear();
    }
    if (at_end) break;
  }
  return out;
}

}  // namespace inference
