# shellcheck shell=bash
# How the demo talks: headings, findings, what is typed. Sourced by tests/demo and its parts, which
# set quiet, work (their folder), root and binary; file descriptor 3 is where all of it is to be seen.

wrong=0
step=${step:-0}

# shellcheck disable=SC2059 # its arguments are printf's
say() {
	[ -z "$quiet" ] || printf "$@"
	printf "$@" >&3
}

heading() {
	step=$((step + 1))
	say '\n== %s. %s\n' "$step" "$1"
	shift
	[ $# = 0 ] || printf '   %s\n' "$@"
}

# find_that WHAT COMMAND…: a finding.
find_that() {
	local what=$1
	shift
	if "$@" >"$work/finding" 2>&1; then
		say '   ok      %s\n' "$what"
	else
		say '   WRONG   %s\n' "$what"
		sed 's/^/           /' "$work/finding"
		wrong=$((wrong + 1))
	fi
}

stop() {
	say '\n%s\n' "$1"
	wrong=$((wrong + 1))
	exit 1
}

# On whose machine certkeeper runs: nothing, or a command that takes others there.
there=()

# certkeeper ARGS…: what a router's owner types, shown and run.
certkeeper() {
	printf '\n$ certkeeper --root ROOT %s\n' "$*"
	"${there[@]}" "$binary" --root "$root" "$@"
}
