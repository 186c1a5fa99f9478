#pragma once

// Models that are paged from their file in blocks as small as a test wants, over storage that can
// break.

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "inference/model/weights.h"
#include "inference/paging/file_source.h"
#include "tests/inference/model_testing.h"

namespace test_support {

using inference::Storage;

// What a BrokenStorage does; shared with the test that holds it.
struct Breakage {
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> fail_at_read{~0ull};  // counted from 0
  std::atomic<bool> fail_all{false};
  enum class Way : std::uint8_t { Error, Nothing, Half, Odd } way = Way::Error;
};

// A file on a device that fails now and then.
class BrokenStorage : public Storage {
 public:
  BrokenStorage(std::unique_ptr<Storage> whole, Breakage& breakage)
      : whole_(std::move(whole)), breakage_(breakage) {}

  std::uint64_t size_bytes() const override { return whole_->size_bytes(); }
  State check() override { return whole_->check(); }
  std::int64_t read(std::uint64_t offset, std::span<std::byte> out) override {
    const bool now = breakage_.reads++ == breakage_.fail_at_read || breakage_.fail_all;
    if (!now) return whole_->read(offset, out);
    switch (breakage_.way) {
      case Breakage::Way::Error:
        return -1;
      case Breakage::Way::Nothing:
        return 0;
      case Breakage::Way::Half:  // in whole pages: must be continued
        if (out.size() < 2 * kAlignment) return whole_->read(offset, out);
        return whole_->read(offset, out.first(out.size() / 2 / kAlignment * kAlignment));
      case Breakage::Way::Odd:  // ends within a page: cannot be continued
        return std::min<std::int64_t>(whole_->read(offset, out), 1000);
    }
    return -1;
  }

 private:
  std::unique_ptr<Storage> whole_;
  Breakage& breakage_;
};

struct PagedOptions {
  std::uint64_t block_bytes_max = 1500;
  double pinned_share = 0.3;  // of all weights
  inference::ReaderOptions reader = {.slot_count = 3};
  Breakage* breakage = nullptr;
  std::uint32_t threads = 1;
};

// Options that make LoadedModel page `path`.
inline LoadOptions paged(const std::string& path, const PagedOptions& options = {}) {
  LoadOptions out;
  out.threads = options.threads;
  // Shared with the copies of the function, all gone once the model is loaded.
  const auto file = std::make_shared<inference::gguf::File>(path);
  out.wrap = [=](std::unique_ptr<inference::WeightSource> in_memory) {
    const auto pinned =
        static_cast<std::uint64_t>(options.pinned_share * static_cast<double>(file->size_bytes()));
    std::unique_ptr<Storage> storage = std::make_unique<inference::FileStorage>(path);
    if (options.breakage) {
      storage = std::make_unique<BrokenStorage>(std::move(storage), *options.breakage);
    }
    inference::BlockMap map(inference::matrix_regions(*file, inference::read_config(*file)),
                            options.block_bytes_max, pinned);
    in_memory.reset();
    return std::make_unique<inference::FileSource>(*file, std::move(storage), std::move(map),
                                                   options.reader);
  };
  return out;
}

}  // namespace test_support
