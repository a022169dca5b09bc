#include "s3/upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crc32.h"
#include "s3/listing.h"

namespace okibi::s3 {
namespace {

constexpr size_t smallest_loan = size_t{64} << 10;

// Other stores may take smaller ones, and say so themselves where they do not.
void check_part_size(const S3Options& options) {
  const bool is_amazon = Addressing(options).is_amazon();
  if (options.part_size <= largest_part && (options.part_size >= smallest_part || !is_amazon)) return;
  throw Error(ErrorKind::bad_argument, "S3 takes no parts of this size")
      .expected("5 MiB to 5 GiB")
      .found(fmt::format("{} bytes", options.part_size))
      .at("option", "part_size");
}

// Copying needs none of these: only going on with an earlier copy does.
template <class Work>
auto with_permission(std::string_view permission, Work&& work) {
  try {
    return work();
  } catch (Error& error) {
    if (error.kind() == ErrorKind::no_permission) {
      error.hint(
          fmt::format("To go on where an earlier copy stopped, the key needs the permission {}; without --resume "
                      "(CopyOptions::resume) all is copied anew.",
                      permission));
    }
    throw;
  }
}

}  // namespace

Upload::Upload(std::shared_ptr<Session> session, S3Uri where)
    : session_(std::move(session)), where_(std::move(where)), sender_(*session_, session_->options().max_concurrency) {
  static_cast<void>(object_at(where_));
  static_cast<void>(headers_of_new_object(session_->options()));  // what is wrong with them shows now
  check_part_size(session_->options());
}

Upload::~Upload() {
  if (state_ == State::open) abort();
}

void Upload::check_open() const {
  if (state_ == State::open) return;
  throw Error(ErrorKind::bad_argument, state_ == State::failed ? "an earlier write failed, so the object is not whole"
                                                               : "the object was committed and cannot be written to")
      .hint("Write it anew.")
      .at("", uri_of(where_));
}

void Upload::check_room(size_t bytes) const {
  if (bytes <= largest_object - position_) return;
  throw Error(ErrorKind::limit, "S3 takes no object above 5 TiB").at("", uri_of(where_));
}

// What fails leaves nothing behind, not even parts that someone pays for.
template <class Work>
auto Upload::or_abort(Work&& work) {
  try {
    return work();
  } catch (...) {
    abort();
    throw;
  }
}

std::optional<UploadPlace> Upload::latest_upload() const {
  std::optional<S3Upload> latest;
  for (S3Upload& found : list_uploads(*session_, where_.bucket, where_.key)) {
    if (found.key == where_.key && (!latest || found.initiated >= latest->initiated)) latest = std::move(found);
  }
  return latest ? std::optional(UploadPlace{where_, latest->upload_id}) : std::nullopt;
}

void Upload::resume() {
  is_kept_ = true;
  const auto found = with_permission("s3:ListBucketMultipartUploads", [&] { return latest_upload(); });
  if (!found) return;
  const UploadPlace& place = *found;
  auto parts = with_permission("s3:ListMultipartUploadParts", [&] { return list_parts(*session_, place); });
  if (!parts) return;
  upload_ = place;
  sender_.begin(place, *std::move(parts));
}

// After an error no part is on its way any more.
void Upload::settle() {
  if (state_ != State::open) return;
  or_abort([&] {
    if (upload_) sender_.wait();
    part_.keep();
  });
}

// Each piece is added to a part that has room for it. A full part stays until more follows: an object of exactly one
// part needs no upload in parts.
template <class Add>
void Upload::gather(std::span<const std::byte> bytes, const Add& add) {
  check_open();
  or_abort([&] {
    throw_if_stopped(session_->options().stop);
    check_room(bytes.size());
    while (!bytes.empty()) {
      if (part_.room() == 0) send_part();
      const auto piece = bytes.first(std::min(part_.room(), bytes.size()));
      add(piece);
      position_ += piece.size();
      bytes = bytes.subspan(piece.size());
    }
  });
}

void Upload::write(std::span<const std::byte> bytes) {
  gather(bytes, [&](auto piece) { part_.copy(piece); });
}

// Few bytes are copied sooner than remembered.
void Upload::write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) {
  if (bytes.size() < smallest_loan) return write(bytes);
  gather(bytes, [&](auto piece) { part_.borrow(piece, owner); });
}

std::optional<uint32_t> Upload::write_summed(std::span<const std::byte> bytes,
                                             const std::shared_ptr<const void>& owner) {
  uint32_t crc = 0;
  gather(bytes, [&](auto piece) {
    const uint32_t of_piece = owner ? part_.borrow(piece, owner) : part_.copy_summed(piece);
    crc = join_crc32(crc, of_piece, piece.size());
  });
  return crc;
}

void Upload::start() {
  upload_ = create_upload(*session_, where_, headers_of_new_object(session_->options()));
  sender_.begin(*upload_);
}

void Upload::send_part() {
  if (part_.size() > 0) {
    if (!upload_) start();
    sender_.send(std::exchange(part_, {}));
  }
  part_ = sender_.borrow(part_size_at(position_, session_->options().part_size));
}

S3Object Upload::publish() {
  check_open();
  return or_abort([&] {
    S3Object object = finish();
    state_ = State::committed;
    return object;
  });
}

S3Object Upload::finish() {
  if (!upload_) return put_whole(*session_, where_, part_.keep(), part_.crc32());
  if (part_.size() > 0) sender_.send(std::exchange(part_, {}));
  const std::vector<SentPart> parts = sender_.finish();
  sender_.stop();
  return complete_upload(*session_, *upload_, parts);
}

void Upload::abort() noexcept {
  state_ = State::failed;
  const bool cut_off = sender_.stop();
  part_ = {};
  if (upload_ && !is_kept_) try_to_abort_upload(*session_, *upload_, cut_off);
}

}  // namespace okibi::s3
