# What okibi needs from Debian 12, the asking, and what ccache is told. To be sourced.

build_packages="g++ cmake ninja-build ccache pkg-config libfmt-dev nlohmann-json3-dev libdeflate-dev libisal-dev zlib1g-dev libcli11-dev
  libfast-float-dev libssl-dev libopenblas-openmp-dev libdnnl-dev libhwy-dev libcurl4-openssl-dev libpugixml-dev"
test_packages="libgtest-dev libgmock-dev libbenchmark-dev git python3 python3-numpy python3-torch python3-torchvision strace openssl
  python3-pip"

missing_packages() {
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# install_packages yes|no PACKAGE…: says what is missing, asks unless told yes, installs it.
install_packages() {
  local yes=$1 missing
  shift
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  echo "okibi needs these Debian packages, which are not installed:"
  echo "  $missing"
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  if [ "$yes" != yes ]; then
    printf 'Install them with %s apt-get? [Y/n] ' "$sudo"
    read -r answer || answer=n
    case "$answer" in "" | y | Y | yes) ;; *) echo "Nothing was installed."; exit 2 ;; esac
  fi
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# wants_yes ARGUMENT…: "yes" for -y, or where nobody can be asked.
wants_yes() {
  for argument in "$@"; do
    case "$argument" in -y | --yes) echo yes; return ;; esac
  done
  [ "${CI:-}" ] && echo yes || echo no
}

# What one clone compiled serves the next one, wherever that lies.
export CCACHE_SLOPPINESS=include_file_mtime,include_file_ctime,time_macros CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$PWD
