// inspect/verify/checks.h: one function for each kind of file. What they find, they tell the Verifier.
#pragma once

#include <memory>
#include <mutex>

#include <okibi/inspect.h>
#include <okibi/zip.h>

namespace okibi::inspect {

class Verifier {
 public:
  explicit Verifier(const VerifyOptions& options) : options(options) {}

  void add(const Error& error);  // where it is, is told by its places
  void add(std::string record, std::optional<uint64_t> offset, std::string problem);
  void expect(uint64_t bytes) { total_ += bytes; }
  void read(uint64_t bytes);  // tells the progress; throws when a stop was asked for
  void count(uint64_t bytes, bool has_checksum) {
    (has_checksum ? report.checked_bytes : report.unchecked_bytes) += bytes;
  }

  const VerifyOptions& options;
  std::string folder = {};  // a whole folder is verified
  std::string file = {};    // in it, the one in work: put before each record
  VerifyReport report = {};

 private:
  std::string step_of(const std::string& name, const std::string& value) const;

  std::mutex mutex_;
  uint64_t done_ = 0, total_ = 0;
};

using SourcePtr = std::shared_ptr<const io::Source>;

void verify_source(Verifier& verifier, const SourcePtr& source);  // finds out the kind
void verify_zip(Verifier& verifier, const SourcePtr& source);     // structure, every CRC-32, every pickle
void verify_safetensors(Verifier& verifier, const SourcePtr& source);

// What open() would say, tensor by tensor.
void verify_tensors(Verifier& verifier, const SourcePtr& source);

}  // namespace okibi::inspect
