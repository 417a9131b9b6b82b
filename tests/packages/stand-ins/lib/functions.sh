# shellcheck shell=sh
# Stands for OpenWrt's /lib/functions.sh as far as the package calls it, in few words.
# shellcheck disable=SC2034,SC2154,SC3043 # busybox ash knows local

# config_load NAME: each line of the file becomes `TYPE NAME OPTION VALUE`, with | between.
config_load() {
	config_lines=$(awk -v q="'" '
		function plain(s) { gsub("^[ \t" q "\"]+|[ \t" q "\"]+$", "", s); return s }
		$1 == "config" { type = $2; section = plain($3); if (section == "") section = "cfg" NR; print type "|" section "||" }
		$1 == "option" || $1 == "list" {
			value = $0
			sub(/^[ \t]*[a-z]+[ \t]+[^ \t]+[ \t]+/, "", value)
			print type "|" section "|" plain($2) "|" plain(value)
		}' "$IPKG_INSTROOT/etc/config/$1")
}

config_get() {
	value=$(printf '%s\n' "$config_lines" | awk -F '|' -v s="$2" -v o="$3" '$2 == s && $3 == o { v = v sep $4; sep = " " } END { print v }')
	eval "$1=\${value:-\$4}"
}

config_get_bool() {
	config_get "$@"
	eval "case \$$1 in 1 | yes | on | true | enabled) $1=1 ;; *) $1=0 ;; esac"
}

# Its variables hide the caller's of that name, as OpenWrt's do.
config_foreach() {
	local section cfgtype
	for section in $(printf '%s\n' "$config_lines" | awk -F '|' -v t="$2" '$1 == t && $3 == "" { print $2 }'); do
		"$1" "$section"
	done
}

config_list_foreach() {
	local section option function val
	config_get list "$1" "$2"
	for item in $list; do
		"$3" "$item"
	done
}

# The package's files, from either package manager's list.
listed() {
	cat "$IPKG_INSTROOT/usr/lib/opkg/info/$1.list" "$IPKG_INSTROOT/lib/apk/packages/$1.list" 2>/dev/null | grep "^$2"
}

default_postinst() {
	[ -n "$pkgname" ] || pkgname=$(basename "${1%.*}")
	if [ -z "$IPKG_INSTROOT" ]; then
		for script in $(listed "$pkgname" /etc/uci-defaults/); do
			# shellcheck source=/dev/null
			[ ! -f "$script" ] || { (cd "${script%/*}" && . "$script") && rm "$script"; }
		done
	fi
	for script in $(listed "$pkgname" /etc/init.d/); do
		if [ -n "$IPKG_INSTROOT" ]; then
			sh "$IPKG_INSTROOT/etc/rc.common" "$IPKG_INSTROOT$script" enable
		else
			[ "$PKG_UPGRADE" = 1 ] || "$script" enable
			"$script" start
		fi
	done
}

default_prerm() {
	[ -n "$pkgname" ] || pkgname=$(basename "${1%.*}")
	script=$IPKG_INSTROOT/usr/lib/opkg/info/$pkgname.prerm-pkg
	# shellcheck source=/dev/null
	[ ! -e "$script" ] || (. "$script")
	for script in $(listed "$pkgname" /etc/init.d/); do
		if [ -n "$IPKG_INSTROOT" ]; then
			sh "$IPKG_INSTROOT/etc/rc.common" "$IPKG_INSTROOT$script" disable
		else
			[ "$PKG_UPGRADE" = 1 ] || "$script" disable
			"$script" stop
		fi
	done
}
