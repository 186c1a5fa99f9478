// The engine as a command line tool.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "inference/cli/command.h"

namespace {

// A file opened later must not become standard input or output because that was closed.
void open_standard_streams() {
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace

int main(int argc, char** argv) try {
  open_standard_streams();
  CLI::App app("picolm: a language model on the device, decisions that always obey their schema");
  app.set_version_flag("--version", std::string("picolm ") + PICOLM_VERSION);
  app.require_subcommand(1);
  picolm::add_inspect(app);
  picolm::add_tokenize(app);
  picolm::add_logits(app);
  picolm::add_generate(app);
  picolm::add_decide(app);
  picolm::add_eval(app);
  picolm::add_bench(app);
  picolm::add_schema(app);
  picolm::add_plan(app);
  picolm::add_digest(app);
  try {
    app.parse(argc, argv);  // runs the subcommand's callback
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();  // the command has said why
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    throw std::runtime_error("stdout: could not write");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "picolm: %s\n", error.what());
  return 1;
}
