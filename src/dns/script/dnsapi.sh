# The functions that acme.sh's DNS scripts (dnsapi/dns_*.sh) call, for busybox ash. What a shell with
# OpenWrt's applets cannot do is done by `certkeeper dnsapi-helper`, which gets its data over stdin:
# arguments are seen by everybody on the device. The contract is what acme.sh 3.1.4 does (checked
# 2026-11). Set before this: _ck_bin, _ck_bundle, _ck_file, _ck_mark, _ck_given, TMPDIR.
# shellcheck shell=dash disable=SC2154

_ck() { "$_ck_bin" dnsapi-helper "$@"; }

# ---- messages: certkeeper shows the last lines of stderr when a script fails, and where it gave no
# reason, what it said last

_err() {
	_ck_said=
	printf '%s\n' "$*" >&2
	return 1
}
_usage() { _err "$@"; }
_info() { _ck_said=$*; }
_ck_failed() {
	local code=$?
	[ -z "$_ck_said" ] || printf '%s\n' "$_ck_said" >&2
	exit "$code"
}
_log() { :; }
_debug() { :; }
_debug2() { :; }
_debug3() { :; }
_secure_debug() { :; }
_secure_debug2() { :; }
_secure_debug3() { :; }
__green() { printf '%s' "$1"; }
__red() { printf '%s' "$1"; }

# ---- HTTP: the last reply's headers are in $HTTP_HEADER, those of a request in _H1 to _H5

HTTP_HEADER=$TMPDIR/headers
: >"$HTTP_HEADER"

# _ck_http KIND METHOD URL TYPE BODY: a status of 400 and above is a reply, too.
_ck_http() {
	printf '%s\0' "$2" "$3" "$4" "$USER_AGENT" "$HTTPS_INSECURE" "$ACME_HTTP_NO_REDIRECTS" \
		"$_H1" "$_H2" "$_H3" "$_H4" "$_H5" "$5" | _ck http "$1" "$_ck_bundle" "$HTTP_HEADER"
}

# _get URL [ONLYHEADER]
_get() {
	if [ -n "$2" ]; then
		_ck_http head HEAD "$1"
	else
		_ck_http body GET "$1"
	fi
}

# _post BODY URL [BASE64] [METHOD] [TYPE]
_post() {
	case $4 in
	HEAD) _ck_http head HEAD "$2" "$5" "$1" ;;
	*) _ck_http "${3:+base64}" "${4:-POST}" "$2" "$5" "$1" ;;
	esac
}

_resethttp() { ACME_HTTP_NO_REDIRECTS=; }

# _ns_lookup NAME TYPE: JSON of a public resolver.
_ns_lookup() (
	_H1='accept: application/dns-json' _H2='' _H3='' _H4='' _H5=''
	_get "https://cloudflare-dns.com/dns-query?name=$1&type=$2"
)

# ---- signatures and encodings, of stdin

_hmac() {
	{
		printf '%s\n' "$2"
		cat
	} | _ck hmac "$1" ${3:+hex}
}
_digest() {
	case $1 in
	md5) md5sum | cut -c 1-32 | if [ -n "$2" ]; then cat; else _ck unhex | _ck base64; fi ;;
	*) _ck digest "$1" ${2:+hex} ;;
	esac
}
# _sign KEYFILE ALGORITHM: options of OpenSSL's may stand behind the algorithm.
# shellcheck disable=SC2086
_sign() { _ck sign "$1" $2; }
_isRSA() { _ck rsa "$1" </dev/null >/dev/null 2>&1; }
_base64() { _ck base64 ${1:+wrap}; }
_dbase64() { _ck unbase64; }
_hex_dump() { _ck hex; }
_h2b() { _ck unhex; }
_url_encode() { _ck url "$1"; }
_url_replace() { command tr '/+' '_-' | command tr -d '= '; }

# ---- text

_contains() { printf '%s\n' "$1" | grep -- "$2" >/dev/null 2>&1; }
_startswith() { _contains "$1" "^$2"; }
_endswith() { _contains "$1" "$2\$"; }
_egrep_o() { grep -E -o -- "$1" 2>/dev/null; }
_head_n() { head -n "$1"; }
_tail_n() { tail -n "$1"; }
_lower_case() { command tr A-Z a-z; }
_upper_case() { command tr a-z A-Z; }
_normalizeJson() { sed -e 's/" *: *\(["{[]\)/":\1/g' -e 's/^ *//' | command tr -d '\r\n'; }
_json_decode() { sed 's,\\/,/,g'; }
_sed_i() { sed -i "$1" "$2"; }
_idn() { printf '%s' "$1"; }
_math() {
	local IFS=' '
	printf '%s' "$(($*))"
}
# _getfield TEXT NUMBER [SEPARATOR]: an empty field is the one before it.
_getfield() {
	local n=$2 field
	while [ "$n" -gt 0 ]; do
		field=$(printf '%s\n' "$1" | cut -d "${3:-,}" -f "$n")
		if [ -n "$field" ]; then
			printf '%s' "$field"
			return
		fi
		n=$((n - 1))
	done
	printf '%s' "$1"
}

# ---- the system

_exists() { command -v "$1" >/dev/null 2>&1; }
_time() { date -u +%s; }
_utc_date() { date -u '+%Y-%m-%d %H:%M:%S'; }
_sleep() { sleep "$1"; }
_mktemp() { mktemp "$TMPDIR/XXXXXX"; }

# ---- saved values. What the configuration gives is not saved: it would outlive a change there.

# _ck_saved ACTION KIND KEY [VALUE]
_ck_saved() { printf '%s\n%s' "$_ck_mark" "$4" | _ck saved "$_ck_file" "$1" "$2" "$3"; }
_ck_is_given() { case $_ck_given in *" $1 "*) ;; *) return 1 ;; esac; }
_ck_save() { _ck_is_given "$2" || _ck_saved save "$1" "$2" "$3"; }
_ck_read() {
	if _ck_is_given "$2"; then
		eval "printf '%s' \"\$$2\""
	else
		_ck_saved read "$1" "$2"
	fi
}
_ck_clear() { _ck_saved clear "$1" "$2"; }

_saveaccountconf() { _ck_save account "$@"; }
_saveaccountconf_mutable() { _ck_save account "$@"; }
_readaccountconf() { _ck_read account "$1"; }
_readaccountconf_mutable() { _ck_read account "$1"; }
_clearaccountconf() { _ck_clear account "$1"; }
_clearaccountconf_mutable() { _ck_clear account "$1"; }
_savedomainconf() { _ck_save domain "$@"; }
_readdomainconf() { _ck_read domain "$1"; }
_cleardomainconf() { _ck_clear domain "$1"; }

# ---- programs that scripts call and OpenWrt does not have

iconv() { cat; }
rev() { awk '{ r = ""; for (i = length($0); i; i--) r = r substr($0, i, 1); print r }'; }
# paste -sd' ' - is all that is used.
paste() { awk '{ printf "%s%s", (NR > 1 ? " " : ""), $0 } END { print "" }'; }
# OpenWrt's tr knows no classes.
tr() {
	case "$*" in
	'[:upper:] [:lower:]') command tr A-Z a-z ;;
	'-d [:space:]') command tr -d ' \t\n\r\v\f' ;;
	*) command tr "$@" ;;
	esac
}
# oathtool --base32 --totp SECRET
oathtool() { printf '%s' "$3" | _ck totp; }
# openssl rsa -pubout -outform DER; openssl md5 -c
openssl() {
	case "$*" in
	'rsa -pubout -outform DER') _ck rsa ;;
	'md5 -c') md5sum | sed 's/^\(.\{32\}\).*/\1/; s/../&:/g; s/:$//; s/^/MD5(stdin)= /' ;;
	*) _err "openssl $1 is not there" ;;
	esac
}
