#include "tensor/trace.h"

#include <utility>

namespace okibi::trace {
namespace {

constinit thread_local Listener* current = nullptr;

}  // namespace

Listener* listener() noexcept { return current; }

Listening::Listening(Listener* listener) noexcept : before_(std::exchange(current, listener)) {}
Listening::~Listening() { current = before_; }

}  // namespace okibi::trace
