#include "s3/part_sender.h"

#include <system_error>
#include <utility>

namespace okibi::s3 {
namespace {

constexpr std::chrono::seconds grace{2};

// Of its own it has headers and the like alone.
bool is_light(const Part& part) { return part.own() <= part.capacity() / 16; }

}  // namespace

PartSender::PartSender(Session& session, int at_once)
    : session_(session), at_once_(at_once), stop_(session.options().stop), on_stop_(stop_, [this] {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
      }) {}

PartSender::~PartSender() { stop(); }

void PartSender::throw_if_failed() const {
  throw_if_stopped(stop_);
  if (first_error_) std::rethrow_exception(first_error_);
}

Part PartSender::borrow(size_t capacity) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return first_error_ || stop_.stop_requested() || may_lend(); });
  throw_if_failed();
  Part part;
  if (free_.empty()) {
    ++lent_;
  } else {
    part = std::move(free_.back());
    free_.pop_back();
  }
  if (part.capacity() >= capacity) return part;
  part = {};  // goes before the larger one comes
  return Part(capacity);
}

void PartSender::begin(UploadPlace upload, std::map<size_t, StoredPart> there) {
  upload_ = std::move(upload);
  there_ = std::move(there);
}

void PartSender::send(Part part) {
  const std::lock_guard lock(mutex_);
  throw_if_failed();
  sent_.emplace_back();
  light_ += is_light(part) ? 1 : 0;
  queue_.push_back({sent_.size(), std::move(part)});
  if (std::cmp_greater(queue_.size(), idle_) && std::cmp_less(threads_.size(), at_once_)) start_thread();
  changed_.notify_all();
}

// A system that gives no more threads lets those that are there do it all; none at all is an error.
void PartSender::start_thread() {
  try {
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    if (threads_.empty()) throw Error(ErrorKind::io, "cannot start a thread to upload with").found(error.what());
  }
}

void PartSender::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (stopping_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    carry_out(std::move(job), lock);
    changed_.notify_all();
  }
}

SentPart PartSender::bring(const Job& job) const {
  const Part& part = job.part;
  const auto stored = there_.find(job.number);
  const bool is_there =
      stored != there_.end() && stored->second.size == part.size() && stored->second.crc == base64_of_crc(part.crc32());
  if (is_there) return {part.size(), stored->second.etag, part.crc32()};
  return upload_part(session_, upload_, job.number, part.body(), part.crc32(), cutting_off_.get_token());
}

// One more than there is memory for was lent only because others took none.
void PartSender::take_back(Part part) {
  light_ -= is_light(part) ? 1 : 0;
  if (lent_ > at_once_ && !is_light(part)) {
    --lent_;
    return;
  }
  part.clear();
  free_.push_back(std::move(part));
}

void PartSender::carry_out(Job job, std::unique_lock<std::mutex>& lock) {
  ++busy_;
  lock.unlock();
  SentPart sent;
  std::exception_ptr error;
  try {
    sent = bring(job);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  --busy_;
  sent_[job.number - 1] = std::move(sent);
  take_back(std::move(job.part));
  if (!error || first_error_) return;
  first_error_ = std::move(error);
  queue_.clear();
}

void PartSender::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return first_error_ || stop_.stop_requested() || (queue_.empty() && busy_ == 0); });
  throw_if_failed();
}

std::vector<SentPart> PartSender::finish() {
  wait();
  return std::move(sent_);
}

bool PartSender::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  queue_.clear();
  changed_.notify_all();
  const bool all_arrived = changed_.wait_for(lock, grace, [&] { return busy_ == 0; });
  lock.unlock();
  cutting_off_.request_stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return !all_arrived;
}

}  // namespace okibi::s3
