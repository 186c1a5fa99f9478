#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>

#include "agent/app.h"
#include "agent/commands.h"

namespace agent {
namespace {

constexpr long kTickNs = 100'000'000;

// The signals that main waits for; every other thread inherits the block.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

// Until a signal ends it or the agent fails. True: a signal.
bool serve(App* app, const sigset_t& signals) {
  for (;;) {
    const timespec wait{0, kTickNs};
    const int signal = sigtimedwait(&signals, nullptr, &wait);
    if (signal == SIGTERM || signal == SIGINT) return true;
    if (signal == SIGHUP) app->reload();
    if (!app->tick()) return false;
  }
}

}  // namespace

int run(const RunCommand& command) {
  const sigset_t signals = block_signals();
  Logger logger(command.log_level);
  try {
    AppOptions options;
    options.advise = command.advise;
    App app(load_config(command.config), options, &logger);
    app.start();
    if (!serve(&app, signals)) {
      std::fprintf(stderr, "picolm-agent: %s\n", app.failure().c_str());
      return 1;
    }
    if (!app.stop()) {
      // One decision, or the loading of the model, takes longer than we may. Everything else has
      // been flushed, and the thread that is still busy owns nothing that must be closed.
      logger.warning("agent.ended_busy");
      std::fflush(nullptr);
      std::_Exit(0);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "picolm-agent: %s\n", error.what());
    return 1;
  }
}

}  // namespace agent
