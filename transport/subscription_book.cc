#include "transport/subscription_book.h"

#include <algorithm>

namespace transport {
namespace {

constexpr int kFailureCode = 0x80;

const Subscription* find(const std::vector<Subscription>& list, const std::string& filter) {
  for (const Subscription& one : list) {
    if (one.filter == filter) return &one;
  }
  return nullptr;
}

bool same_options(const Subscription& a, const Subscription& b) {
  return a.qos == b.qos && a.no_local == b.no_local && a.retain_handling == b.retain_handling;
}

}  // namespace

void SubscriptionBook::connected(bool session_present) {
  asked_.clear();
  refused_.clear();
  if (!session_present) in_session_.clear();
}

SubscriptionBook::Plan SubscriptionBook::plan(const std::vector<Subscription>& wanted) const {
  Plan plan;
  for (const Subscription& one : wanted) {
    const Subscription* had = find(asked_, one.filter);
    if (had == nullptr || !same_options(*had, one)) plan.ask.push_back(one);
  }
  for (const std::string& filter : in_session_) {
    if (find(wanted, filter) == nullptr) plan.leave.push_back(filter);
  }
  return plan;
}

void SubscriptionBook::carried_out(const Plan& plan, const std::vector<int>& codes) {
  for (const std::string& filter : plan.leave) {
    std::erase_if(asked_, [&](const Subscription& one) { return one.filter == filter; });
    in_session_.erase(filter);
    refused_.erase(filter);
  }
  for (std::size_t i = 0; i < plan.ask.size(); ++i) {
    const Subscription& one = plan.ask[i];
    std::erase_if(asked_, [&](const Subscription& old) { return old.filter == one.filter; });
    asked_.push_back(one);
    in_session_.insert(one.filter);
    if (codes[i] >= kFailureCode) {
      refused_.insert(one.filter);
    } else {
      refused_.erase(one.filter);
    }
  }
}

std::vector<std::string> SubscriptionBook::refused() const {
  return {refused_.begin(), refused_.end()};
}

}  // namespace transport
