// okibi/copy.h: bytes as they are, from one place to another: a file, an object of a store, or all files of a folder.
//
//   okibi::copy("last.pth", "s3://bucket/runs/7/last.pth");
//   okibi::copy("s3://bucket/runs/7/dcp", "dcp");
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include <okibi/base.h>
#include <okibi/io.h>

namespace okibi {

struct CopyOptions {
  // Keep what is done when the copy is stopped or fails, and go on with what an earlier one kept: from object storage to
  // a local file while the object is the same, and from a local file to object storage, where parts that are there
  // already and have the same CRC-32 are not sent again (`okibi uploads` lists and removes such parts). Files that are
  // there whole are copied again. Between other places nothing is kept.
  bool resume = false;
  Progress progress = {};  // bytes
  std::stop_token stop = {};
};

struct CopyReport {
  std::string target;  // what was written: with the file's name, where a folder was given
  uint64_t files = 0;
  uint64_t nbytes = 0;
  uint64_t resumed_at = 0;  // bytes of a local file that an earlier copy had left
};

// Each file appears as a whole, at its end, or is left as it was. Into a folder that is there, or a `to` that ends in a
// slash, a file goes under its own name; a folder's files go into `to` itself, and what makes a checkpoint of them
// (.metadata, *.index.json) last; a folder with folders in it is Error(unsupported). Memory stays bounded. Errors: those
// of the two places; Error(bad_argument) where both are the same; Error(io) where an object store keeps a CRC-32 of the
// object and other bytes came; Error(cancelled).
CopyReport copy(const std::string& from, const std::string& to, const CopyOptions& options = {});

// The bytes of a source into a sink, from the sink's position on, and checked as above; it is not committed.
void copy(const io::Source& from, io::Sink& to, const CopyOptions& options = {});

}  // namespace okibi
