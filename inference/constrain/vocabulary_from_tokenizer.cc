#include "inference/constrain/vocabulary_trie.h"
#include "inference/text/tokenizer.h"

namespace inference {

VocabularyTrie VocabularyTrie::from_tokenizer(const Tokenizer& tokenizer) {
  std::vector<std::string_view> bytes_by_id(tokenizer.vocabulary_count());
  for (TokenId id = 0; id < tokenizer.vocabulary_count(); ++id) {
    const TokenKind kind = tokenizer.kind(id);
    const bool may_be_written =
        kind == TokenKind::Normal || kind == TokenKind::UserDefined || kind == TokenKind::Byte;
    if (may_be_written) bytes_by_id[id] = tokenizer.bytes(id);
  }
  return VocabularyTrie(bytes_by_id);
}

}  // namespace inference
