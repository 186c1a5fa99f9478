// Files that are cut, overwritten, exchanged or cannot be read while a model is paged from them:
// no pass is done with bytes that were not read whole or are not those of the model, nothing else
// happens, and all is well again when the file is.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "inference/error.h"
#include "tests/inference/paging_testing.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

const std::vector<TokenId> kText = {5, 17, 3};

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Over the same inode.
void overwrite(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::in);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

struct Fixture {
  explicit Fixture(PagedOptions options = {}, QuantType type = QuantType::Q8_0)
      : path(write_tiny_model(tiny_options(type), folder.file("tiny.gguf"))),
        expected(LoadedModel(path).one_by_one(kText)),
        whole(bytes_of(path)),
        loaded(path, paged(path, options)),
        sequence(loaded.sequence()) {}

  // One pass over kText with all logits, which must be right if there are any.
  ForwardStatus pass() {
    sequence.truncate(0);
    std::vector<Logits> logits(kText.size(), Logits(loaded.config().vocabulary_count));
    std::vector<BatchRow> rows;
    for (std::size_t i = 0; i < kText.size(); ++i) {
      rows.push_back({.token = kText[i],
                      .parent = static_cast<std::int32_t>(i) - 1,
                      .sequence = &sequence,
                      .commit = true,
                      .logits = BatchRow::Logits::All,
                      .out = logits[i].data()});
    }
    const ForwardStatus status = loaded.forward(rows);
    const bool done = status == ForwardStatus::Done;
    EXPECT_TRUE(!done || logits == expected);
    EXPECT_EQ(sequence.length(), done ? kText.size() : 0);
    return status;
  }

  TempDir folder;
  std::string path;
  std::vector<Logits> expected;
  std::string whole;
  LoadedModel loaded;
  KvSequence sequence;
};

TEST(PagingFaults, EveryFailedReadEndsItsPassAndNoOther) {
  for (const Breakage::Way way :
       {Breakage::Way::Error, Breakage::Way::Nothing, Breakage::Way::Odd}) {
    SCOPED_TRACE(static_cast<int>(way));
    Breakage breakage;
    breakage.way = way;
    Fixture model({.block_bytes_max = 3000, .breakage = &breakage});
    ASSERT_EQ(model.pass(), ForwardStatus::Done);
    const std::uint64_t first = breakage.reads;
    ASSERT_EQ(model.pass(), ForwardStatus::Done);
    const std::uint64_t reads_of_a_pass = breakage.reads - first;
    ASSERT_GT(reads_of_a_pass, 10u);
    std::uint64_t failures = 0;
    for (std::uint64_t n = 0; n < reads_of_a_pass; ++n) {
      breakage.fail_at_read = breakage.reads + n;
      // Reading ahead of the next pass may be what fails; that is tried again in time.
      if (model.pass() != ForwardStatus::Done) ++failures;
      breakage.fail_at_read = ~0ull;
      ASSERT_EQ(model.pass(), ForwardStatus::Done) << "after read " << n;
    }
    EXPECT_GT(failures, reads_of_a_pass / 2);
  }
}

TEST(PagingFaults, ReadsThatComeInPartsAreContinued) {
  Breakage breakage;
  breakage.way = Breakage::Way::Half;
  breakage.fail_all = true;
  Fixture model({.block_bytes_max = 20000, .breakage = &breakage}, QuantType::F32);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

TEST(PagingFaults, DeadDeviceFailsEveryPassUntilItIsBack) {
  Breakage breakage;
  Fixture model({.breakage = &breakage});
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  breakage.fail_all = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
  breakage.fail_all = false;
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

TEST(PagingFaults, DeadDeviceAtLoadIsRefused) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  Breakage breakage;
  breakage.fail_all = true;
  EXPECT_THROW(LoadedModel(path, paged(path, {.breakage = &breakage})), inference::LoadError);
}

TEST(PagingFaults, FileThatIsCutFailsUntilItIsWholeAgain) {
  for (const double share : {0.0, 0.3}) {
    SCOPED_TRACE(share);
    Fixture model({.pinned_share = share});
    ASSERT_EQ(model.pass(), ForwardStatus::Done);
    for (const std::size_t size : {std::size_t{0}, std::size_t{5000}, model.whole.size() - 1}) {
      std::filesystem::resize_file(model.path, size);
      EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
      EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
      overwrite(model.path, model.whole);
      EXPECT_EQ(model.pass(), ForwardStatus::Done) << "was cut to " << size;
      EXPECT_EQ(model.pass(), ForwardStatus::Done);
    }
  }
}

TEST(PagingFaults, ModelThatIsAllPinnedNeedsItsFileNoMore) {
  Fixture model({.pinned_share = 2});
  std::filesystem::resize_file(model.path, 0);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
  std::filesystem::remove(model.path);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

TEST(PagingFaults, OneWrongByteInAFileThatWasTouchedIsFound) {
  Fixture model;
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  for (const char* name :
       {"blk.0.attn_q.weight", "blk.1.ffn_gate.weight", "blk.1.ffn_down.weight"}) {
    SCOPED_TRACE(name);
    const auto* tensor = model.loaded.file().find_tensor(name);
    for (const std::uint64_t at : {std::uint64_t{0}, tensor->bytes / 2, tensor->bytes - 1}) {
      std::string wrong = model.whole;
      wrong[tensor->offset + at] = static_cast<char>(wrong[tensor->offset + at] ^ 1);
      overwrite(model.path, wrong);
      EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
      EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
      overwrite(model.path, model.whole);
      EXPECT_EQ(model.pass(), ForwardStatus::Done);
    }
  }
}

TEST(PagingFaults, FileThatIsExchangedOrDeletedIsUsedOnAsItWas) {
  Fixture model;
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  TinyModelOptions other = tiny_options(QuantType::Q8_0);
  other.seed = 2;
  std::filesystem::rename(write_tiny_model(other, model.folder.file("other.gguf")), model.path);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
  std::filesystem::remove(model.path);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

TEST(PagingFaults, AnotherModelWrittenOverTheFileIsNeverUsed) {
  Fixture model;
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  TinyModelOptions other = tiny_options(QuantType::Q8_0);
  other.seed = 2;
  const std::string bytes = bytes_of(write_tiny_model(other, model.folder.file("other.gguf")));
  ASSERT_EQ(bytes.size(), model.whole.size());
  overwrite(model.path, bytes);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
  overwrite(model.path, model.whole);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

TEST(PagingFaults, FileThatWasCutAndComesBackAtItsPathIsOpenedAgain) {
  Fixture model;
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  const std::string copy = model.folder.write("copy.gguf", model.whole);
  std::filesystem::resize_file(model.path, 1000);
  EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
  std::filesystem::remove(model.path);
  EXPECT_EQ(model.pass(), ForwardStatus::ReadFailed);
  std::filesystem::rename(copy, model.path);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

// Refuses the pages that hold a certain byte of the file.
class RefusingVerifier : public inference::BlockVerifier {
 public:
  bool verify(std::uint64_t offset, std::span<const std::byte> bytes) override {
    EXPECT_EQ(offset % Storage::kAlignment, 0u);
    ++calls;
    return refused < offset || refused >= offset + bytes.size();
  }
  std::atomic<std::uint64_t> refused{~0ull};
  std::atomic<std::uint64_t> calls{0};
};

TEST(PagingFaults, WhatTheVerifierRefusesIsNotUsed) {
  RefusingVerifier verifier;
  PagedOptions options;
  options.reader.verifier = &verifier;
  Fixture model(options);
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  EXPECT_GT(verifier.calls, 10u);
  for (const auto& tensor : model.loaded.file().tensors()) {
    if (tensor.dims.size() != 2) continue;
    SCOPED_TRACE(tensor.name);
    // Rows and blocks that are not pinned come by in every pass: the last byte of the embedding is
    // not among them.
    if (tensor.name == "token_embd.weight") {
      verifier.refused = tensor.offset + kText[0] * tensor.row_bytes();
    } else {
      verifier.refused = tensor.offset + tensor.bytes - 1;
    }
    const ForwardStatus status = model.pass();
    verifier.refused = ~0ull;
    if (tensor.name == "token_embd.weight" || tensor.name == "output.weight") {
      EXPECT_EQ(status, ForwardStatus::ReadFailed);
    }
    EXPECT_EQ(model.pass(), ForwardStatus::Done);
  }
}

TEST(PagingFaults, CancelledPassesEndUntilResumed) {
  Fixture model;
  ASSERT_EQ(model.pass(), ForwardStatus::Done);
  model.loaded.model().cancel();
  EXPECT_EQ(model.pass(), ForwardStatus::Cancelled);
  EXPECT_EQ(model.pass(), ForwardStatus::Cancelled);
  model.loaded.model().resume();
  EXPECT_EQ(model.pass(), ForwardStatus::Done);
}

}  // namespace
}  // namespace test_support
