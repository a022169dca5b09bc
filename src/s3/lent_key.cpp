#include "s3/lent_key.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace okibi::s3 {
namespace {

constexpr size_t max_token = size_t{64} << 10;

Error bad_answer(std::string_view source, std::string_view sentence) {
  return Error(ErrorKind::bad_file, fmt::format("{} {}", source, sentence));
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 0x7f; });
}

// The next number of so many digits.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int number = 0;
  const char* end = text.data() + digits;
  const auto [stopped, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || stopped != end || number < 0) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

// Numbers with the marks between them: "2026-11-30" by {4, 2, 2} and '-'.
std::optional<std::array<int, 3>> take_three(std::string_view& text, size_t digits_of_first, std::string_view mark) {
  std::array<int, 3> numbers = {};
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && !take(text, mark)) return std::nullopt;
    const auto number = take_number(text, i == 0 ? digits_of_first : 2);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  return numbers;
}

void drop_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return;
  text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
}

// "Z", "UTC", "+09:00": minutes east of Greenwich.
std::optional<std::chrono::minutes> offset_of(std::string_view text) {
  if (text == "Z" || text == "UTC") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  std::string_view hours = text.substr(1, 2), minutes = text.substr(4);
  const auto hour = take_number(hours, 2), minute = take_number(minutes, 2);
  if (!hour || !minute) return std::nullopt;
  return std::chrono::minutes((text[0] == '-' ? -1 : 1) * (*hour * 60 + *minute));
}

std::optional<std::chrono::system_clock::time_point> time_of(std::string_view text) {
  const auto date = take_three(text, 4, "-");
  if (!date || !(take(text, "T") || take(text, " "))) return std::nullopt;
  const auto clock = take_three(text, 2, ":");
  drop_fraction(text);
  const auto offset = offset_of(text);
  if (!clock || !offset) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year((*date)[0]), std::chrono::month((*date)[1]),
                                        std::chrono::day((*date)[2])};
  if (!day.ok() || (*clock)[0] > 23 || (*clock)[1] > 59 || (*clock)[2] > 60) return std::nullopt;
  return at_second(std::chrono::sys_days(day) + std::chrono::hours((*clock)[0]) + std::chrono::minutes((*clock)[1]) +
                   std::chrono::seconds((*clock)[2]) - *offset);
}

}  // namespace

nlohmann::json json_object(std::string_view text, std::string_view source) {
  if (text.size() > max_answer) throw bad_answer(source, "says far more than a key takes");
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) throw bad_answer(source, "gives no JSON object");
  return parsed;
}

std::string text_field(const nlohmann::json& object, const std::string& name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

S3Credentials key_of(const nlohmann::json& object, const KeyFields& fields, std::string_view source) {
  S3Credentials key = {text_field(object, fields.id), text_field(object, fields.secret),
                       text_field(object, fields.token)};
  if (key.access_key_id.empty()) throw bad_answer(source, fmt::format("gives no {}", fields.id));
  if (key.secret_access_key.empty()) throw bad_answer(source, fmt::format("gives no {}", fields.secret));
  const std::string expires = text_field(object, fields.expires);
  if (!expires.empty()) key.expires = parse_time(expires, source);
  return checked_key(std::move(key), source);
}

S3Credentials checked_key(S3Credentials key, std::string_view source) {
  const auto refuse = [&](std::string_view sentence) {
    throw Error(ErrorKind::bad_argument, fmt::format("{} {}", source, sentence))
        .hint("Copy the key again, without blanks, quotes or line ends.");
  };
  if (key.access_key_id.empty()) refuse("has no access key id");
  if (key.secret_access_key.empty()) refuse("has no secret access key");
  if (!is_plain(key.access_key_id)) refuse("has a blank or a character that is none of ASCII in the access key id");
  if (!is_plain(key.secret_access_key))
    refuse("has a blank or a character that is none of ASCII in the secret access key");
  if (!is_plain(key.session_token)) refuse("has a blank or a character that is none of ASCII in the session token");
  if (key.access_key_id.size() + key.secret_access_key.size() + key.session_token.size() > max_token)
    refuse("has a key that is longer than any");
  return key;
}

S3Credentials lasting_key(S3Credentials key, std::chrono::system_clock::time_point now, std::string_view source,
                          std::string_view hint) {
  if (!key.expires || *key.expires > now) return key;
  throw Error(ErrorKind::no_permission, fmt::format("the key of {} lapsed at {}", source, time_text(*key.expires)))
      .hint(hint);
}

std::chrono::system_clock::time_point parse_time(std::string_view text, std::string_view source) {
  if (const auto time = time_of(text)) return *time;
  throw bad_answer(source, "gives a time that is not understood").expected("one like 2026-11-30T12:00:00Z");
}

std::string time_text(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::chrono::system_clock::time_point at_second(std::chrono::sys_seconds second) {
  constexpr std::chrono::sys_seconds first{}, last = std::chrono::sys_days{std::chrono::year(2200) / 1 / 1};
  return std::clamp(second, first, last);
}

}  // namespace okibi::s3
