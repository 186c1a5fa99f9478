// Merges are kept as triples of token ids, so the merge loop never touches strings. A merge of
// tokens that text may not give (control, user-defined) keeps its rank but is never found.
#include "inference/text/bpe_tokenizer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "inference/gguf/file.h"
#include "inference/text/merge.h"

namespace inference {
namespace {

constexpr std::string_view kMergesKey = "tokenizer.ggml.merges";
constexpr std::size_t kMergeCountMax = 512 * 1024;
static_assert(kMergeCountMax <= FlatIndex::kNumberMax);
constexpr std::size_t kPieceBytesMax = 1024 * 1024;

std::uint64_t pair_hash(TokenId left, TokenId right) {
  return hash_mix(std::uint64_t{left} << 32 | right);
}

}  // namespace

BpeTokenizer::BpeTokenizer(const gguf::File& file, const PreTokenizer& rules,
                           std::unique_ptr<const Vocabulary> vocabulary)
    : Tokenizer(std::move(vocabulary)), rules_(rules) {
  const std::vector<std::string> lines = file.strings(kMergesKey);
  if (lines.size() > kMergeCountMax) {
    file.refuse(kMergesKey, std::to_string(lines.size()) + " merges",
                "at most " + std::to_string(kMergeCountMax));
  }
  merges_.reserve(lines.size());
  merge_index_ = FlatIndex(lines.size());
  std::string scratch;
  for (std::size_t rank = 0; rank < lines.size(); ++rank) {
    read_merge(file, rank, lines[rank], scratch);
  }
}

void BpeTokenizer::read_merge(const gguf::File& file, std::size_t rank, std::string_view line,
                              std::string& scratch) {
  const auto refuse = [&](std::string_view found, std::string_view wanted) {
    file.refuse(std::string(kMergesKey) + "[" + std::to_string(rank) + "]", found, wanted);
  };
  const std::size_t space = line.find(' ');
  const bool two = space != std::string_view::npos && space != 0 && space + 1 != line.size() &&
                   line.find(' ', space + 1) == std::string_view::npos;
  if (!two) refuse(std::to_string(line.size()) + " bytes that are not two parts", "'LEFT RIGHT'");
  scratch.clear();
  const bool left_known = append_byte_level(line.substr(0, space), scratch);
  const std::size_t left_bytes = scratch.size();
  if (!left_known || !append_byte_level(line.substr(space + 1), scratch)) {
    refuse("a character that stands for no byte", "byte-level characters");
  }
  const std::string_view joined = scratch;
  const auto left = vocabulary().find_text(joined.substr(0, left_bytes));
  const auto right = vocabulary().find_text(joined.substr(left_bytes));
  const auto result = vocabulary().find_text(joined);
  const auto rank_number = static_cast<std::uint32_t>(rank);
  if (!left || !right || !result) {
    const std::string spelling =
        std::string(line.substr(0, space)) + std::string(line.substr(space + 1));
    const bool special = find_special(spelling) || find_special(line.substr(0, space)) ||
                         find_special(line.substr(space + 1));
    if (!special) refuse("a part or result that is no token", "tokens of the vocabulary");
    merges_.push_back({kNone, kNone, kNone});
    return;
  }
  merges_.push_back({*left, *right, *result});
  std::uint32_t existing = 0;
  const auto equals = [&](std::uint32_t other) {
    return merges_[other].left == *left && merges_[other].right == *right;
  };
  // A repeated merge keeps its first rank.
  const auto inserted =
      merge_index_.insert(pair_hash(*left, *right), rank_number, equals, &existing);
  if (inserted == FlatIndex::Inserted::TooManyProbes) {
    refuse("merges made to collide", "merges that can be indexed");
  }
}

std::uint32_t BpeTokenizer::find_merge(TokenId left, TokenId right) const {
  const auto equals = [&](std::uint32_t rank) {
    return merges_[rank].left == left && merges_[rank].right == right;
  };
  return merge_index_.find(pair_hash(left, right), equals).value_or(kNone);
}

std::vector<TokenId> BpeTokenizer::encode_text(std::string_view text, Position) const {
  std::vector<TokenId> ids;
  std::vector<Symbol> symbols;
  std::vector<MergeCandidate> heap;
  const auto rule = [&](const Symbol& left, const Symbol& right, std::uint32_t* order,
                        std::uint32_t* token) {
    if (left.token == kNone || right.token == kNone) return false;
    *order = find_merge(left.token, right.token);
    if (*order == kNone) return false;
    *token = merges_[*order].result;
    return true;
  };
  PieceScanner scanner(rules_, text);
  std::string_view rest;
  while (true) {
    if (rest.empty()) rest = scanner.next();
    if (rest.empty()) return ids;
    const std::string_view piece = rest.substr(0, kPieceBytesMax);
    rest.remove_prefix(piece.size());
    if (rules_.ignore_merges) {
      if (const auto whole = vocabulary().find_text(piece)) {
        append_text_token(*whole, piece, ids);
        continue;
      }
    }
    symbols.clear();
    const auto count = static_cast<std::uint32_t>(piece.size());
    for (std::uint32_t i = 0; i < count; ++i) {
      const TokenId token = vocabulary().byte_token(static_cast<std::uint8_t>(piece[i]));
      symbols.push_back({i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1, token, i, 1});
    }
    merge_symbols(symbols, heap, rule);
    for (const Symbol& symbol : symbols) {
      if (symbol.size_bytes == 0) continue;
      append_text_token(symbol.size_bytes == 1 ? kNone : symbol.token,
                        piece.substr(symbol.begin, symbol.size_bytes), ids);
    }
  }
}

// What follows can only change the white space at the end of `text`, or else its last piece, or its
// last two where they are an apostrophe and a letter ("'r" becomes the one piece "'re"). And a
// prefix must not end with white space itself: alone, it would be cut as if the text ended there.
std::size_t BpeTokenizer::stable_prefix(std::string_view text) const {
  const std::size_t finished = text.size() - unfinished_utf8_bytes(text);
  std::vector<std::size_t> word_ends;  // where a character that is no white space ends
  for (std::size_t at = 0; at < finished;) {
    const Utf8Char c = decode_utf8(text, at);
    at += c.size_bytes;
    if (char_class(c.code) != CharClass::Space) word_ends.push_back(at);
  }
  if (word_ends.empty()) return 0;
  const std::size_t limit = word_ends.back() < finished
                                ? word_ends.back()
                                : finished - std::min<std::size_t>(2, finished);
  PieceScanner scanner(rules_, text.substr(0, finished));
  std::size_t stable = 0;
  std::size_t end = 0;
  while (true) {
    const std::string_view piece = scanner.next();
    end += piece.size();
    if (piece.empty() || end > limit) return stable;
    if (std::binary_search(word_ends.begin(), word_ends.end(), end)) stable = end;
  }
}

std::size_t BpeTokenizer::memory_bytes() const {
  return Tokenizer::memory_bytes() + sizeof(*this) + merges_.capacity() * sizeof(merges_[0]) +
         merge_index_.memory_bytes();
}

}  // namespace inference
