# shellcheck shell=bash
# Makes sure that what a build needs is there. Sourced by the scripts beside it, which run under `set -euo pipefail`.

# Says what is going on, apart from the output of the programs that do it.
say() { printf '== %s\n' "$*" >&2; }

# Ends the script with a reason.
refuse() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Runs a command as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        refuse "neither root nor sudo: run as root: $*"
    fi
}

# The libraries of Package.swift, by the names of their Debian and Ubuntu packages.
# (libroaring has no pkg-config file there; its module map names the library.)
VARVE_PACKAGES=(libzstd-dev libxxhash-dev liburing-dev libroaring-dev libjansson-dev pkg-config)

# Checks the toolchain and the libraries; installs missing libraries with apt.
set_up() {
    command -v swift >/dev/null || refuse "no swift on the PATH: install a Swift 6.2 or later toolchain"
    if ! command -v dpkg-query >/dev/null; then
        say "no Debian or Ubuntu: make sure yourself that these are there: ${VARVE_PACKAGES[*]}"
        return
    fi
    local package missing=()
    for package in "${VARVE_PACKAGES[@]}"; do
        case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true) in
            installed) ;;
            *) missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing with apt: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}
