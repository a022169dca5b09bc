#include "s3/settings.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>
#include <vector>

namespace okibi::s3 {
namespace {

// Where a service's environment lacks HOME, the table of users still knows it.
std::optional<std::string> home_of_user() {
  std::vector<char> space(16384);
  passwd entry;
  passwd* found = nullptr;
  if (getpwuid_r(getuid(), &entry, space.data(), space.size(), &found) != 0 || found == nullptr) return std::nullopt;
  return std::string(entry.pw_dir);
}

std::optional<std::string> real_variable(const std::string& name) {
  if (const char* value = std::getenv(name.c_str())) return std::string(value);
  return name == "HOME" ? home_of_user() : std::nullopt;
}

std::string first_of(std::initializer_list<std::string> candidates) {
  for (const std::string& one : candidates) {
    if (!one.empty()) return one;
  }
  return "";
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& letter : out) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return out;
}

// [services x], which the profile names.
Settings services_of(const Profiles& profiles, const Settings& profile) {
  const std::string& name = value_of(profile, "services");
  if (name.empty()) return {};
  if (const Settings* found = profiles.services(name)) return *found;
  throw Error(ErrorKind::bad_argument, "the profile names a section of services that is not there")
      .expected(fmt::format("[services {}]", printable(name, 100)));
}

bool ignores_endpoints(const Surroundings& surroundings, const Settings& profile) {
  return is_true(variable(surroundings, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
         is_true(value_of(profile, "ignore_configured_endpoint_urls"));
}

// Amazon's parts of the world that are apart, each with a domain of its own.
std::string_view domain_of(std::string_view region) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> domains = {{
      {"cn-", "amazonaws.com.cn"},
      {"us-iso-", "c2s.ic.gov"},
      {"us-isob-", "sc2s.sgov.gov"},
      {"eu-isoe-", "cloud.adc-e.uk"},
      {"us-isof-", "csp.hci.ic.gov"},
  }};
  for (const auto& [prefix, domain] : domains) {
    if (region.starts_with(prefix)) return domain;
  }
  return "amazonaws.com";
}

}  // namespace

Surroundings real_surroundings() {
  return {real_variable, [] { return std::chrono::system_clock::now(); }, nullptr,
          [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }};
}

Surroundings real_surroundings(Transport& transport) {
  Surroundings surroundings = real_surroundings();
  surroundings.transport = &transport;
  return surroundings;
}

std::string variable(const Surroundings& surroundings, const std::string& name) {
  return surroundings.environment(name).value_or(std::string());
}

bool is_true(std::string_view setting) { return upper(setting) == "TRUE"; }

std::string in_home(const Surroundings& surroundings, std::string_view path) {
  if (!path.starts_with("~/")) return std::string(path);
  std::string home = variable(surroundings, "HOME");
  if (home.empty()) return "";
  while (home.ends_with('/')) home.pop_back();
  return home + std::string(path.substr(1));
}

ChosenProfile chosen_profile(const S3Options& options, const Surroundings& surroundings) {
  const std::string named =
      first_of({options.profile, variable(surroundings, "AWS_PROFILE"), variable(surroundings, "AWS_DEFAULT_PROFILE")});
  if (named.empty()) return {"default", false};
  return {named, named != "default"};
}

Settings chosen_settings(const Profiles& profiles, const ChosenProfile& chosen) {
  if (chosen.was_named) return profiles.named(chosen.name);
  const Settings* found = profiles.profile(chosen.name);
  return found == nullptr ? Settings() : *found;
}

std::string region_of(const S3Options& options, const Surroundings& surroundings, const Settings& profile) {
  return first_of({options.region, variable(surroundings, "AWS_REGION"), variable(surroundings, "AWS_DEFAULT_REGION"),
                   value_of(profile, "region"), "us-east-1"});
}

std::string endpoint_of(std::string_view service, const Surroundings& surroundings, const Profiles& profiles,
                        const Settings& profile) {
  if (ignores_endpoints(surroundings, profile)) return "";
  const std::string of_variables = first_of(
      {variable(surroundings, "AWS_ENDPOINT_URL_" + upper(service)), variable(surroundings, "AWS_ENDPOINT_URL")});
  if (!of_variables.empty()) return of_variables;
  return first_of({value_of(services_of(profiles, profile), fmt::format("{}.endpoint_url", service)),
                   value_of(profile, "endpoint_url")});
}

std::string amazon_url(std::string_view host, const std::string& region) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
  if (region.empty() || region.size() > 63 || region.find_first_not_of(allowed) != region.npos)
    throw Error(ErrorKind::bad_argument, "is no name of a region")
        .expected("one like eu-central-1")
        .at("region", region);
  return fmt::format("https://{}.{}.{}", host, region, domain_of(region));
}

namespace {

S3Options with_settings(S3Options options, const Surroundings& surroundings, const Profiles& profiles,
                        const Settings& profile) {
  options.region = region_of(options, surroundings, profile);
  if (options.endpoint.empty()) options.endpoint = endpoint_of("s3", surroundings, profiles, profile);
  if (options.ca_file.empty()) {
    options.ca_file = first_of({variable(surroundings, "AWS_CA_BUNDLE"), value_of(profile, "ca_bundle")});
    options.ca_file = in_home(surroundings, options.ca_file);
  }
  const auto style = value_of(profile, "s3.addressing_style");
  if (style == "path") options.force_path_style = true;
  if (style == "virtual") options.force_virtual_host = true;
  return options;
}

}  // namespace

S3Options with_surroundings(S3Options options, const Surroundings& surroundings) {
  try {
    const Profiles profiles = Profiles::read(surroundings);
    const ChosenProfile chosen = chosen_profile(options, surroundings);
    const Settings profile = chosen_settings(profiles, chosen);
    return in_context("profile", chosen.name, [&] { return with_settings(options, surroundings, profiles, profile); });
  } catch (const Error&) {
    // Who shows no key needs no profile: one that is broken or not there is then as none, unless the caller named it.
    if (!options.unsigned_requests || !options.profile.empty()) throw;
  }
  return with_settings(std::move(options), surroundings, Profiles(), Settings());
}

}  // namespace okibi::s3
