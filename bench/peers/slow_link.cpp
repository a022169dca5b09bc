// Usage: slow_link TO_PORT MILLISECONDS BYTES_A_SECOND. A link to a port of this machine as it would be over a distance: what
// enters leaves so much later, and each connection carries no more than so many bytes a second in each direction. Prints the
// port that it listens at. Ends with its standard input.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

static std::chrono::milliseconds delay;
static double rate;

static int any_socket() {
  const int made = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return made;
}
static sockaddr_in address(uint16_t port) {
  sockaddr_in place = {};
  place.sin_family = AF_INET, place.sin_port = htons(port), place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return place;
}

// One direction: bytes on their way, each piece with the time when it may leave.
class Direction {
 public:
  Direction(int from, int to) : from_(from), to_(to) {}
  void take() {
    for (std::vector<char> piece(64 << 10);; piece.resize(64 << 10)) {
      const ssize_t size = recv(from_, piece.data(), piece.size(), 0);
      piece.resize(size > 0 ? static_cast<size_t>(size) : 0);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return waiting_ < 4 << 20; });  // what a real link holds, or a little more
      const auto now = Clock::now();
      const auto spent = std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(static_cast<double>(piece.size()) / rate));
      free_at_ = std::max(free_at_, now) + spent;
      waiting_ += piece.size();
      const bool ends = piece.empty();
      pieces_.push_back({free_at_ + delay, std::move(piece)});
      changed_.notify_all();
      if (ends) return;
    }
  }
  void give() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !pieces_.empty(); });
      auto [when, piece] = std::move(pieces_.front());
      pieces_.pop_front();
      lock.unlock();
      std::this_thread::sleep_until(when);
      for (size_t done = 0; done < piece.size();) {
        const ssize_t sent = send(to_, piece.data() + done, piece.size() - done, MSG_NOSIGNAL);
        if (sent <= 0) break;
        done += static_cast<size_t>(sent);
      }
      lock.lock();
      waiting_ -= piece.size();
      changed_.notify_all();
      if (piece.empty()) break;
    }
    shutdown(to_, SHUT_WR);
  }

 private:
  struct Piece {
    Clock::time_point when;
    std::vector<char> bytes;
  };
  int from_, to_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  size_t waiting_ = 0;
  Clock::time_point free_at_ = {};
};

static void carry(int near, uint16_t port) {
  const int far = any_socket();
  const sockaddr_in place = address(port);
  if (connect(far, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0) {
    Direction there(near, far), back(far, near);
    std::vector<std::thread> threads;
    for (Direction* direction : {&there, &back}) {
      threads.emplace_back([=] { direction->take(); });
      threads.emplace_back([=] { direction->give(); });
    }
    for (std::thread& thread : threads) thread.join();
  }
  close(near), close(far);
}

int main(int, char** words) {
  const auto port = static_cast<uint16_t>(std::atoi(words[1]));
  delay = std::chrono::milliseconds(std::atoi(words[2])), rate = std::atof(words[3]);
  const int listening = any_socket();
  sockaddr_in place = address(0);
  socklen_t size = sizeof place;
  if (bind(listening, reinterpret_cast<sockaddr*>(&place), size) != 0 || listen(listening, 100) != 0) return 1;
  getsockname(listening, reinterpret_cast<sockaddr*>(&place), &size);
  std::cout << ntohs(place.sin_port) << std::endl;
  std::thread([] {
    std::cin.get();
    std::_Exit(0);
  }).detach();
  for (int near = accept(listening, nullptr, nullptr); near >= 0; near = accept(listening, nullptr, nullptr)) {
    std::thread(carry, near, port).detach();
  }
}
