#include "agent/window_book.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/clock.h"
#include "agent/outcome.h"

namespace agent {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kTopicBytes = 256;  // of a topic's own structures, about
constexpr std::size_t kFileBytesMax = 16u << 20;
constexpr double kCommonShare = 0.25;  // of the examples: such a value may well stand still
constexpr std::size_t kExamplesToVary = 8;

double seconds_of(WindowBook::Clock::time_point at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

std::vector<std::string> field_names(const RouteConfig& route) {
  std::vector<std::string> out;
  for (const std::size_t field : route.window->of) out.push_back(route.fields[field].name);
  return out;
}

// Whether a reading that repeats is broken: the examples vary, and hardly any has this value.
bool is_stuck(const WindowConfig& window, std::size_t i, const WindowSeries& series) {
  if (window.stuck == 0 || series.equal_count() < window.stuck) return false;
  if (i >= window.example_readings.size()) return false;
  const std::vector<double>& known = window.example_readings[i];
  if (known.size() < kExamplesToVary || known.front() == known.back()) return false;
  const auto [begin, end] = std::equal_range(known.begin(), known.end(), series.last());
  return static_cast<double>(end - begin) < kCommonShare * static_cast<double>(known.size());
}

Json chunk_json(const WindowChunk& c, double now) {
  return {c.first - now, c.last - now, c.count, c.mean_t - now, c.mean_x,
          c.squares_t,   c.products,   c.low,   c.high};
}

WindowChunk chunk_of(const Json& json, double now) {
  const auto v = json.get<std::array<double, 9>>();
  return {v[0] + now, v[1] + now, v[2], v[3] + now, v[4], v[5], v[6], v[7], v[8]};
}

}  // namespace

const WindowBook::Topic* WindowBook::find(const RouteConfig& route, std::string_view topic) const {
  const auto place = places_.find(Key(route.name, topic));
  if (place == places_.end()) return nullptr;
  const Topic& found = *place->second;
  const bool same = found.seconds == route.window->seconds && found.fields == field_names(route);
  return same ? &found : nullptr;
}

WindowBook::Topic& WindowBook::topic_of(const RouteConfig& route, std::string_view topic) {
  Key key(route.name, topic);
  const auto place = places_.find(key);
  const bool known = find(route, topic) != nullptr;
  if (place != places_.end() && known) {
    topics_.splice(topics_.begin(), topics_, place->second);
    return topics_.front();
  }
  if (place != places_.end()) {  // of another configuration
    bytes_ -= place->second->bytes;
    topics_.erase(place->second);
    places_.erase(place);
  }
  topics_.push_front({route.name, std::string(topic), route.window->seconds, field_names(route),
                      std::vector<WindowSeries>(route.window->of.size()), 0});
  places_.emplace(std::move(key), topics_.begin());
  return topics_.front();
}

void WindowBook::account(Topic& topic) {
  std::size_t bytes = kTopicBytes + 2 * (topic.route.size() + topic.topic.size());
  for (const WindowSeries& series : topic.series) bytes += series.memory_bytes() + sizeof series;
  bytes_ += bytes - topic.bytes;
  topic.bytes = bytes;
}

void WindowBook::trim() {
  while (topics_.size() > 1 &&
         (topics_.size() > limits_.topics_max || bytes_ > limits_.bytes_max)) {
    const Topic& idle = topics_.back();
    bytes_ -= idle.bytes;
    places_.erase(places_.find(Key(idle.route, idle.topic)));
    topics_.pop_back();
  }
}

void WindowBook::extend(const RouteConfig& route, std::string_view topic, Clock::time_point at,
                        Element* element) {
  if (!route.window || element->readings.empty()) return;
  const WindowConfig& window = *route.window;
  Topic& entry = topic_of(route, topic);
  ++change_count_;
  for (std::size_t i = 0; i < entry.series.size(); ++i) {
    if (!element->readings[i]) continue;
    entry.series[i].add(window.seconds, seconds_of(at), *element->readings[i]);
    if (element->fault.empty() && is_stuck(window, i, entry.series[i])) {
      element->fault = reason::kFieldStuck;
      element->text.clear();
    }
  }
  account(entry);
  trim();
  if (element->fault.empty()) add_window_values(values(route, topic, at), element);
}

WindowValues WindowBook::values(const RouteConfig& route, std::string_view topic,
                                Clock::time_point at) const {
  WindowValues out;
  if (!route.window) return out;
  const Topic* entry = find(route, topic);
  if (entry == nullptr) return out;
  for (std::size_t i = 0; i < entry->series.size(); ++i) {
    const auto summary = entry->series[i].summary(route.window->seconds, seconds_of(at));
    if (summary.count == 0) continue;
    for (const Statistic statistic : route.window->as) {
      out.emplace_back(window_value_name(route, i, statistic), summary.of(statistic));
    }
  }
  return out;
}

std::string WindowBook::save(Clock::time_point at, std::int64_t wall_ms) const {
  Json topics = Json::array();
  for (const Topic& topic : topics_) {
    Json series = Json::array();
    for (const WindowSeries& one : topic.series) {
      Json chunks = Json::array();
      for (const WindowChunk& chunk : one.chunks()) {
        chunks.push_back(chunk_json(chunk, seconds_of(at)));
      }
      series.push_back({{"last", one.last()}, {"equal", one.equal_count()}, {"chunks", chunks}});
    }
    topics.push_back({{"route", topic.route},
                      {"topic", topic.topic},
                      {"s", topic.seconds},
                      {"of", topic.fields},
                      {"series", series}});
  }
  const Json all = {{"v", kVersion}, {"wall_ms", wall_ms}, {"topics", topics}};
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool WindowBook::restore(std::string_view bytes, Clock::time_point at, std::int64_t wall_ms) {
  std::list<Topic> topics;
  try {
    const Json all = Json::parse(bytes);
    if (all.at("v") != kVersion) return false;
    const std::int64_t elapsed_ms = wall_ms - all.at("wall_ms").get<std::int64_t>();
    if (elapsed_ms < 0) return false;
    const double saved_at = seconds_of(at) - static_cast<double>(elapsed_ms) / 1000;
    for (const Json& json : all.at("topics")) {
      Topic& topic = topics.emplace_back();
      topic.route = json.at("route").get<std::string>();
      topic.topic = json.at("topic").get<std::string>();
      topic.seconds = json.at("s").get<std::uint32_t>();
      topic.fields = json.at("of").get<std::vector<std::string>>();
      for (const Json& one : json.at("series")) {
        std::vector<WindowChunk> chunks;
        for (const Json& chunk : one.at("chunks")) chunks.push_back(chunk_of(chunk, saved_at));
        auto series = WindowSeries::restore(std::move(chunks), one.at("last").get<double>(),
                                            one.at("equal").get<std::uint64_t>());
        if (!series) return false;
        topic.series.push_back(std::move(*series));
      }
      if (topic.series.size() != topic.fields.size()) return false;
    }
  } catch (const Json::exception&) {
    return false;
  }
  topics_.clear();
  places_.clear();
  bytes_ = 0;
  while (!topics.empty()) {
    if (places_.count(Key(topics.front().route, topics.front().topic)) > 0) {
      topics.pop_front();
      continue;
    }
    topics_.splice(topics_.end(), topics, topics.begin());
    places_.emplace(Key(topics_.back().route, topics_.back().topic), std::prev(topics_.end()));
    account(topics_.back());
  }
  trim();
  return true;
}

WindowFile::WindowFile(std::string path, WindowBook* book)
    : path_(std::move(path)), book_(book), saved_at_(WindowBook::Clock::now()) {
  if (path_.empty()) return;
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (error || size > kFileBytesMax) return;
  std::ifstream file(path_, std::ios::binary);
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  if (file) static_cast<void>(book_->restore(bytes, WindowBook::Clock::now(), wall_ms()));
}

void WindowFile::save_if_due(WindowBook::Clock::time_point now, std::int64_t wall_ms) {
  if (now - saved_at_ >= kSaveInterval) save(now, wall_ms);
}

bool WindowFile::save(WindowBook::Clock::time_point now, std::int64_t wall_ms) {
  saved_at_ = now;
  if (path_.empty() || book_->change_count() == saved_count_) return true;
  const std::string beside = path_ + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << book_->save(now, wall_ms);
  file.close();
  if (!file || std::rename(beside.c_str(), path_.c_str()) != 0) return false;
  saved_count_ = book_->change_count();
  return true;
}

}  // namespace agent
