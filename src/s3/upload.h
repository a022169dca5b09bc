// s3/upload.h: an object that is written as a stream. One that ends within its first part is sent with one request.
#pragma once

#include "s3/part_sender.h"
#include "store/resumable.h"

namespace okibi::s3 {

class Upload final : public io::Sink, public store::Resumable {
 public:
  Upload(std::shared_ptr<Session> session, S3Uri where);  // Error(bad_argument): a part size that S3 does not take
  ~Upload() override;                                     // without commit(): aborted

  // Before the first write: goes on with the upload of this key that was begun last and never finished, where there is
  // one; and leaves what it sends for the next one, should it not come to commit().
  void resume() override;
  using Sink::write;
  void write(std::span<const std::byte> bytes) override;
  void write_lent(std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) override;
  std::optional<uint32_t> write_summed(std::span<const std::byte> bytes,
                                       const std::shared_ptr<const void>& owner) override;
  void settle() override;
  void commit() override { static_cast<void>(publish()); }
  S3Object publish();  // commit(), and what became of it
  uint64_t position() const override { return position_; }
  std::string name() const override { return "s3://" + where_.bucket + "/" + where_.key; }

 private:
  enum class State : uint8_t { open, failed, committed };

  void check_open() const;
  void check_room(size_t bytes) const;
  template <class Add>
  void gather(std::span<const std::byte> bytes, const Add& add);
  std::optional<UploadPlace> latest_upload() const;
  void start();
  void send_part();
  S3Object finish();
  void abort() noexcept;
  template <class Work>
  auto or_abort(Work&& work);

  std::shared_ptr<Session> session_;
  S3Uri where_;
  PartSender sender_;
  Part part_;  // being filled
  std::optional<UploadPlace> upload_;
  bool is_kept_ = false;  // also when it fails
  State state_ = State::open;
  uint64_t position_ = 0;
};

}  // namespace okibi::s3
