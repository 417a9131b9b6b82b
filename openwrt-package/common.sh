# shellcheck shell=sh
# What build-ipk and build-apk share: the command line, what the feed's Makefile says of the package,
# and the tree that is packed. Sourced by them; $here is this folder.
#
# common.sh makes these for those who source it.
# shellcheck disable=SC2034

makefile=$here/certkeeper/Makefile
files=$here/../files
name=certkeeper

stop() {
	echo "${0##*/}: $1" >&2
	exit "${2-1}"
}

# Text of the caller: its header.
usage() {
	sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
	exit 2
}

# defined WHAT: the lines of `define Package/certkeeper/WHAT`, as make reads them.
defined() {
	# shellcheck disable=SC2016 # make's own $$
	sed -n "\|^define Package/$name/$1\$|,/^endef/p" "$makefile" | sed '1d; $d; s/\$\$/$/g'
}

# of VARIABLE: its value in the Makefile.
of() {
	sed -n "s/^ *$1:=//p" "$makefile" | head -n 1
}

# options ARGUMENT…: sets $out, $binary, $architectures.
options() {
	out=.
	while getopts o:h option; do
		case $option in
		o) out=$OPTARG ;;
		*) usage ;;
		esac
	done
	shift $((OPTIND - 1))
	[ $# != 0 ] || usage
	binary=$1
	shift
	mkdir -p "$out" || exit 1
	out=$(cd "$out" && pwd)
	# The page is for every processor.
	if [ "$binary" = luci ]; then
		[ $# = 0 ] || usage
		name=luci-app-certkeeper
		makefile=$here/../luci/Makefile
		architectures=all
		return
	fi
	[ -f "$binary" ] || stop "there is no $binary"
	known=$(architectures_of "$binary")
	[ -n "$known" ] || stop "$binary is no program for a processor in ${here##*/}/architectures"
	for architecture; do
		case " $known " in
		*" $architecture "*) ;;
		*) stop "$binary does not run on $architecture, but on: $known" ;;
		esac
	done
	architectures=${*:-$known}
}

# architectures_of BINARY: those that run it, by its ELF header.
architectures_of() {
	# Magic; class and byte order; machine in that order.
	# shellcheck disable=SC2046 # its numbers
	set -- $(od -An -tu1 -N20 "$1")
	[ "$1 $2 $3 $4" = '127 69 76 70' ] || return 0
	class=$5 order=$6
	shift 18
	case $order in
	1) machine=$(($1 + $2 * 256)) ;;
	*) machine=$(($1 * 256 + $2)) ;;
	esac
	sed -n "s/^[a-z0-9_]* $class $order $machine: //p" "$here/architectures"
}

# describe: what the package says of itself.
describe() {
	version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml")-r$(of PKG_RELEASE)
	license=$(of PKG_LICENSE)
	section=$(of SECTION)
	title=$(of '\(LUCI_\)\{0,1\}TITLE')
	# What the router must have, without make's variables and marks.
	depends=$(of '\(LUCI_\)\{0,1\}DEPENDS' | tr ' ' '\n' | sed -n 's/^+//p' | paste -sd ' ')
	conffiles=$(defined conffiles)
	[ "$name" = certkeeper ] || section=luci
}

# stage FOLDER: what is installed, with the modes that it has on the router whatever they are here.
stage() {
	mkdir -p "$1" || exit 1
	if [ "$name" = certkeeper ]; then
		stage_program "$1"
	else
		stage_page "$1"
	fi
	find "$1" -type d -exec chmod 755 {} +
	find "$1" -type f -perm -u=x -exec chmod 755 {} +
	find "$1" -type f ! -perm -u=x -exec chmod 644 {} +
	# They may hold secrets.
	[ ! -d "$1/etc/config" ] || chmod 600 "$1"/etc/config/*
}

# copy FOLDER TO: what is in it.
copy() {
	mkdir -p "$2" && (cd "$1" && tar -cf - .) | (cd "$2" && tar -xf - --no-same-owner) || exit 1
}

stage_program() {
	copy "$files" "$1"
	mkdir -p "$1/usr/sbin"
	cp "$binary" "$1/usr/sbin/$name" || exit 1
	chmod 755 "$1/usr/sbin/$name"
}

# As luci.mk does it; the translations, which it makes packages of their own of, come along.
stage_page() {
	copy "$here/../luci/htdocs" "$1/www"
	copy "$here/../luci/root" "$1"
	mkdir -p "$1/usr/lib/lua/luci/i18n"
	for catalogue in "$here"/../luci/po/*/certkeeper.po; do
		language=$(basename "$(dirname "$catalogue")")
		python3 "$here/lmo.py" "$catalogue" "$1/usr/lib/lua/luci/i18n/certkeeper.$language.lmo" || exit 1
	done
}

# installed: lines of postinst beyond OpenWrt's function. LuCI keeps its menu, and rpcd the rights that
# it knows of.
# shellcheck disable=SC2016 # for the router's shell
installed() {
	[ "$name" = certkeeper ] || echo '[ -n "$IPKG_INSTROOT" ] || { rm -rf /tmp/luci-indexcache* /tmp/luci-modulecache; /etc/init.d/rpcd reload; }'
}

# script FUNCTION [LINE…]: a script of the package manager, which leaves the work to OpenWrt's
# function. Where there is none, as in a folder of something else, it does nothing.
# shellcheck disable=SC2016 # for the router's shell
script() {
	echo '#!/bin/sh'
	[ "$1" != default_postinst ] || echo '[ "$IPKG_NO_SCRIPT" != 1 ] || exit 0'
	echo '[ -s "$IPKG_INSTROOT/lib/functions.sh" ] || exit 0'
	echo '. "$IPKG_INSTROOT/lib/functions.sh"'
	function=$1
	shift
	[ $# = 0 ] || printf '%s\n' "$@"
	echo "$function"' "$0" "$@"'
}
