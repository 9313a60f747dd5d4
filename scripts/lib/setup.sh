# Sourced by the scripts: installs what is missing, configures and builds. Debian 12/13 and Ubuntu 24.04.
# Environment: TIDEMARK_NO_INSTALL=1 never installs anything; TIDEMARK_JOBS sets the number of build jobs; TIDEMARK_WERROR=ON makes
# warnings errors.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

REQUIRED_PACKAGES=(g++ cmake ninja-build pkg-config ccache git libfmt-dev libcli11-dev nlohmann-json3-dev libicu-dev libbenchmark-dev
  catch2 libcurl4-openssl-dev ca-certificates libflint-dev libgmp-dev libboost-dev)
# Without OpenBLAS or oneDNN their backends say so and the rest works; Arb is a package of its own only before FLINT 3.
OPTIONAL_PACKAGES=(libopenblas-dev libdnnl-dev libflint-arb-dev)

say() { printf '\n== %s\n' "$*" >&2; }

missing_packages() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || printf '%s ' "$package"
  done
}

apt_get() {
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "error: not root and no sudo: install these packages by hand: $*" >&2; exit 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$@"
}

# install_packages PACKAGE...: what is missing, through apt; says what it does.
install_packages() {
  local missing
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "note: no apt here; expecting these to be installed: $*" >&2
    return
  fi
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  if [ "${TIDEMARK_NO_INSTALL:-0}" = 1 ]; then
    echo "error: TIDEMARK_NO_INSTALL=1 and these packages are missing: $missing" >&2
    exit 1
  fi
  say "installing: $missing"
  apt_get update -qq
  # shellcheck disable=SC2086  # a list of names
  apt_get install -y -qq --no-install-recommends $missing >&2
}

install_optional_packages() {
  local package
  command -v apt-cache >/dev/null || return 0
  for package in "$@"; do
    [ -n "$(missing_packages "$package")" ] || continue
    [ "${TIDEMARK_NO_INSTALL:-0}" = 1 ] && continue
    apt-cache show "$package" >/dev/null 2>&1 || apt_get update -qq
    if apt-cache show "$package" >/dev/null 2>&1; then
      install_packages "$package"
    else
      echo "note: this distribution has no $package (a backend that needs it will say so; FLINT 3 contains Arb)" >&2
    fi
  done
}

# build PRESET [TARGET...]: configures and builds. Two gigabytes of memory per job are plenty.
build() {
  local preset=$1 jobs
  shift
  jobs=${TIDEMARK_JOBS:-$(nproc)}
  say "building ($preset, $jobs jobs)"
  cmake --preset "$preset" ${TIDEMARK_WERROR:+-DTIDEMARK_WERROR=$TIDEMARK_WERROR} >build-configure.log 2>&1 || { cat build-configure.log >&2; rm -f build-configure.log; exit 1; }
  rm -f build-configure.log
  cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"} >&2
}
