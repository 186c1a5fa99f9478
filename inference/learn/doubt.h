#pragma once

// Reasons not to decide a message of a taught route, whatever the head says.
//
//   SensorFault  a field that every example has as a number is missing or none, or more than a
//                quarter of the examples' span beyond it
//   Unlike       a text that no example resembles, or one with a word that turns a command around
//                (a negation, a question) which no example with the same decision has
//
// Thread safety: constant after construction.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/engine.h"
#include "inference/learn/features.h"

namespace inference {

struct DoubtAnswer {
  Doubt doubt = Doubt::None;
  std::string pointer;  // of the field at fault
};

// REQUIRES: `readings` are of space.features() of the same message.
DoubtAnswer sensor_doubt(const FeatureSpace& space, std::span<const double> readings);

// The words of `message` that turn a command around, as bits: each bit is a kind of word.
// English, German, French, Spanish, Italian, Dutch and Polish.
std::uint32_t turning_words(std::string_view message);

}  // namespace inference
