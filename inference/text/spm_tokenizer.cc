// In the file a space inside a token is written ▁ (U+2581). The vocabulary holds it as a space
// already, so the text is merged as it is; a ▁ in the text is read as a space, as SentencePiece
// does. A character that no token covers becomes the tokens of its bytes.
#include "inference/text/spm_tokenizer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "inference/gguf/file.h"
#include "inference/text/merge.h"
#include "inference/text/unicode.h"

namespace inference {
namespace {

constexpr std::string_view kScoresKey = "tokenizer.ggml.scores";
constexpr std::size_t kPartBytesMax = 1024 * 1024;
constexpr std::size_t kBoundariesMax = 16;  // tried by stable_prefix, each a walk over all tokens

// Numbers in the opposite order of the scores: the highest score gets the lowest number.
std::uint32_t order_of(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0F);  // -0 becomes 0
  const std::uint32_t rising = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  return ~rising;
}

// The character at `at` as it takes part in merges: ▁ is a space.
std::string_view merge_char(std::string_view text, std::size_t at, std::size_t* end) {
  const Utf8Char c = decode_utf8(text, at);
  *end = at + c.size_bytes;
  return c.code == 0x2581 ? std::string_view(" ") : text.substr(at, c.size_bytes);
}

}  // namespace

SpmTokenizer::SpmTokenizer(const gguf::File& file, std::unique_ptr<const Vocabulary> vocabulary)
    : Tokenizer(std::move(vocabulary)),
      add_space_prefix_(file.boolean_or("tokenizer.ggml.add_space_prefix", true)) {
  const std::vector<float> scores = file.floats(kScoresKey);
  const std::size_t count = vocabulary_count();
  if (scores.size() != count) {
    file.refuse(kScoresKey, std::to_string(scores.size()) + " scores",
                std::to_string(count) + ", one for each token");
  }
  orders_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(scores[i])) {
      file.refuse(std::string(kScoresKey) + "[" + std::to_string(i) + "]", "no finite number",
                  "a finite score");
    }
    orders_.push_back(order_of(scores[i]));
  }
}

std::vector<TokenId> SpmTokenizer::encode_text(std::string_view text, Position position) const {
  std::vector<TokenId> ids;
  std::vector<Symbol> symbols;
  std::vector<MergeCandidate> heap;
  std::string part;
  const auto rule = [&](const Symbol& left, const Symbol& right, std::uint32_t* order,
                        std::uint32_t* token) {
    const std::size_t size = left.size_bytes + right.size_bytes;
    const auto found = vocabulary().find_text(std::string_view(part).substr(left.begin, size));
    if (!found) return false;
    *order = orders_[*found];
    *token = *found;
    return true;
  };
  const auto append_char = [&](std::string_view bytes) {
    const auto index = static_cast<std::uint32_t>(symbols.size());
    if (index != 0) symbols.back().next = index;
    symbols.push_back(
        {index == 0 ? kNone : index - 1, kNone, vocabulary().find_text(bytes).value_or(kNone),
         static_cast<std::uint32_t>(part.size()), static_cast<std::uint32_t>(bytes.size())});
    part.append(bytes);
  };

  if (position == Position::Start && add_space_prefix_ && !text.empty()) append_char(" ");
  for (std::size_t at = 0; at < text.size();) {
    while (at < text.size() && part.size() < kPartBytesMax) append_char(merge_char(text, at, &at));
    merge_symbols(symbols, heap, rule);
    for (const Symbol& symbol : symbols) {
      if (symbol.size_bytes == 0) continue;
      append_text_token(symbol.token,
                        std::string_view(part).substr(symbol.begin, symbol.size_bytes), ids);
    }
    symbols.clear();
    part.clear();
  }
  return ids;
}

// Whether some token could reach over the boundary between these two characters; `right` is
// empty if it may be any.
bool SpmTokenizer::may_join(std::string_view left, std::string_view right) const {
  const std::string pair = std::string(left) + std::string(right);
  for (TokenId id = 0; id < vocabulary_count(); ++id) {
    if (kind(id) != TokenKind::Normal) continue;
    const std::size_t found = vocabulary().text(id).find(pair);
    if (found == std::string_view::npos) continue;
    if (!right.empty() || found + pair.size() < vocabulary().text(id).size()) return true;
  }
  return false;
}

// Two characters that stand together in no token can never be merged, and merges on one side do
// not touch the other.
std::size_t SpmTokenizer::stable_prefix(std::string_view text) const {
  struct Boundary {
    std::string_view left;
    std::size_t at;
  };
  const std::size_t finished = text.size() - unfinished_utf8_bytes(text);
  std::vector<Boundary> boundaries;
  for (std::size_t at = 0; at < finished;) {
    const std::string_view left = merge_char(text, at, &at);
    boundaries.push_back({left, at});
  }
  const std::size_t tries = std::min(kBoundariesMax, boundaries.size());
  for (std::size_t i = 0; i < tries; ++i) {
    const Boundary& boundary = boundaries[boundaries.size() - 1 - i];
    if (i == 0 && finished != text.size()) continue;
    std::size_t end = 0;
    const std::string_view right =
        i == 0 ? std::string_view{} : merge_char(text, boundary.at, &end);
    if (!may_join(boundary.left, right)) return boundary.at;
  }
  return 0;
}

std::size_t SpmTokenizer::memory_bytes() const {
  return Tokenizer::memory_bytes() + sizeof(*this) + orders_.capacity() * sizeof(orders_[0]);
}

}  // namespace inference
