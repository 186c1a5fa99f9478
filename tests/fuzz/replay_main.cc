// Drives a target without libFuzzer: every file of a corpus, then seeded random changes of them. So
// the targets are compiled and run by every test run, and a kept input can be run again:
//   fuzz_payload_replay tests/fuzz/corpus/payload            files only
//   fuzz_payload_replay tests/fuzz/corpus/payload 4000 7     then 4000 changes, seed 7
//   fuzz_payload_replay crash-input                          one file
// An input that breaks a promise is written to `broken-input` in the working folder.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/support/random.h"

extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr std::size_t kInputBytesMax = 16 * 1024;

std::string current_input;

// Called while the process dies: only system calls.
void keep_input() {
  const int file = ::open("broken-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return;
  const ssize_t written = ::write(file, current_input.data(), current_input.size());
  ::close(file);
  constexpr std::string_view kNote = "the input was written to broken-input\n";
  if (written >= 0 && ::write(STDERR_FILENO, kNote.data(), kNote.size()) < 0) return;
}

void on_signal(int number) {
  keep_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void run(std::string input) {
  current_input = std::move(input);
  // An exact copy on the heap, so that a read past its end is seen by the address sanitizer.
  const std::vector<std::uint8_t> bytes(current_input.begin(), current_input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::vector<std::string> read_corpus(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path)) {
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    FUZZ_HOLDS(!stream.fail());
  }
  return inputs;
}

// One change of a kind that finds edges: of bits, of bytes, of whole numbers, of order and length.
void change(const std::vector<std::string>& corpus, test_support::Random& random,
            std::string& input) {
  constexpr std::uint64_t kEdges[] = {0,          1,          0x7f,        0x80,        0xff,
                                      0x7fff,     0xffff,     0x7fffffff,  0x80000000U, 0xffffffffU,
                                      1ULL << 32, 1ULL << 63, ~0ULL >> 1U, ~0ULL};
  const std::size_t at = random.below(input.size() + 1);
  const std::size_t length = 1 + random.below(8);
  const std::string& other = corpus[random.below(corpus.size())];
  switch (random.below(7)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random.below(8)));
      break;
    case 1:
      if (at < input.size()) input[at] = static_cast<char>(random.next());
      break;
    case 2: {
      std::string number;
      std::uint64_t value = kEdges[random.below(std::size(kEdges))];
      for (std::size_t i = 0; i < length; ++i, value >>= 8) {
        number.push_back(static_cast<char>(value & 0xff));
      }
      input.replace(at, std::min(length, input.size() - at), number);
      break;
    }
    case 3:
      input.erase(at, length);
      break;
    case 4:
      for (std::size_t i = 0; i < length; ++i) {
        input.insert(at, 1, static_cast<char>(random.next()));
      }
      break;
    case 5:  // a part of the input once more
      input.insert(at, input.substr(random.below(input.size() + 1), length * length));
      break;
    default:  // the end of another
      input = input.substr(0, at) + other.substr(random.below(other.size() + 1));
  }
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
}

std::uint64_t number_of(const char* text) {
  const std::string_view digits(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  FUZZ_HOLDS(error == std::errc() && end == digits.data() + digits.size());
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: %s FILE_OR_FOLDER [CHANGES [SEED]]\n", argv[0]);
    return 2;
  }
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGTERM}) {
    std::signal(number, on_signal);
  }
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_input);

  const std::vector<std::string> corpus = read_corpus(argv[1]);
  FUZZ_HOLDS(!corpus.empty());
  const std::uint64_t changes = argc > 2 ? number_of(argv[2]) : 0;
  test_support::Random random(argc > 3 ? number_of(argv[3]) : 1);
  for (const std::string& input : corpus) run(input);
  for (std::uint64_t i = 0; i < changes; ++i) {
    std::string input = corpus[random.below(corpus.size())];
    for (std::uint64_t count = 1 + random.below(6); count > 0; --count) {
      change(corpus, random, input);
    }
    run(std::move(input));
  }
  std::printf("%zu files and %llu changes of them\n", corpus.size(),
              static_cast<unsigned long long>(changes));
  return 0;
}
