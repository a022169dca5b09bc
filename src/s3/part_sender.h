// s3/part_sender.h: parts of an upload on their way, several at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <thread>

#include "s3/multipart.h"

namespace okibi::s3 {

// Memory of a part. Not initialised: it is written before it is sent.
struct PartBuffer {
  std::unique_ptr<std::byte[]> memory = {};
  size_t capacity = 0, size = 0;

  std::span<const std::byte> bytes() const { return {memory.get(), size}; }
  std::span<std::byte> room() { return {memory.get() + size, capacity - size}; }
};

// Sends parts on threads of its own, and lends the memory for them: as much as `at_once` parts take, and no more. For
// one thread, that writes. The error of the first part that fails is thrown by the next call, or Error(cancelled) once
// S3Options::stop was asked for.
class PartSender {
 public:
  PartSender(Session& session, int at_once);
  ~PartSender();

  PartBuffer borrow(size_t capacity);  // waits for memory
  // Once, before the first part is sent. A part that is `there` with the same length and CRC-32 is not sent again.
  void begin(UploadPlace upload, std::map<size_t, StoredPart> there = {});
  void send(PartBuffer part);
  std::vector<SentPart> finish();  // waits for all parts: they are in their order
  // Drops what is not yet sent, and waits for the threads. Parts on their way have two seconds to arrive, since one
  // that is cut off may reach the store after all, and after the upload was aborted. true: some were cut off.
  bool stop();

 private:
  struct Job {
    size_t number;
    PartBuffer part;
  };

  void work();
  void start_thread();
  SentPart bring(const Job& job) const;
  void carry_out(Job job, std::unique_lock<std::mutex>& lock);
  void throw_if_failed() const;

  Session& session_;
  const int at_once_;
  const std::stop_token stop_;
  std::stop_source cutting_off_;
  UploadPlace upload_;                  // not changed while there are threads
  std::map<size_t, StoredPart> there_;  // nor is this

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::vector<PartBuffer> free_;
  std::vector<SentPart> sent_;
  std::exception_ptr first_error_;
  int lent_ = 0;  // buffers that exist, in whatever place
  int idle_ = 0;  // threads without a job
  int busy_ = 0;  // threads with one
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::stop_callback<std::function<void()>> on_stop_;
};

}  // namespace okibi::s3
