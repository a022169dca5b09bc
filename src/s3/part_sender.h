// s3/part_sender.h: parts of an upload on their way, several at once.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <thread>

#include "s3/multipart.h"
#include "s3/part.h"

namespace okibi::s3 {

// Sends parts on threads of its own, and lends the memory for them: as much as `at_once` parts take, and no more. One
// more is lent while one that is on its way takes none, so that all threads have something to send while it is filled.
// For one thread, that writes. The error of the first part that fails is thrown by the next call, or Error(cancelled)
// once S3Options::stop was asked for.
class PartSender {
 public:
  PartSender(Session& session, int at_once);
  ~PartSender();

  Part borrow(size_t capacity);  // waits for memory; empty
  // Once, before the first part is sent. A part that is `there` with the same length and CRC-32 is not sent again.
  void begin(UploadPlace upload, std::map<size_t, StoredPart> there = {});
  void send(Part part);
  void wait();                     // until all parts have arrived
  std::vector<SentPart> finish();  // waits, too; the parts are in their order
  // Drops what is not yet sent, and waits for the threads. Parts on their way have two seconds to arrive, since one
  // that is cut off may reach the store after all, and after the upload was aborted. true: some were cut off.
  bool stop();

 private:
  struct Job {
    size_t number;
    Part part;
  };

  void work();
  void start_thread();
  SentPart bring(const Job& job) const;
  void carry_out(Job job, std::unique_lock<std::mutex>& lock);
  void take_back(Part part);
  void throw_if_failed() const;
  bool may_lend() const { return !free_.empty() || lent_ < at_once_ || (lent_ == at_once_ && light_ > 0); }

  Session& session_;
  const int at_once_;
  const std::stop_token stop_;
  std::stop_source cutting_off_;
  UploadPlace upload_;                  // not changed while there are threads
  std::map<size_t, StoredPart> there_;  // nor is this

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::vector<Part> free_;
  std::vector<SentPart> sent_;
  std::exception_ptr first_error_;
  int lent_ = 0;   // parts that exist, in whatever place
  int light_ = 0;  // those of them on their way that take no memory
  int idle_ = 0;   // threads without a job
  int busy_ = 0;   // threads with one
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::stop_callback<std::function<void()>> on_stop_;
};

}  // namespace okibi::s3
