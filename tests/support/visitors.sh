# shellcheck shell=bash
# The visitors of the demo's router, who go on until there is a file $visitors/stop. Sourced by
# tests/support/demo-router, which sets name, address and roots: whom they ask for, where, and whom
# they trust; page and download: what they get. Each notes what he sees in $visitors/WHO.log, and
# counts in WHO.count: good, bad.
# Called by their names, they look unreachable to shellcheck.
# shellcheck disable=SC2317

# No visitor waits longer for an answer.
limit=10

tell() { printf '   %(%H:%M:%S)T  %s: %s\n' -1 "$who" "$1" >>"$visitors/$who.log"; }
# By a rename: who reads it never finds it empty.
count() {
	printf '%s %s\n' "$good" "$bad" >"$visitors/$who.count.new" &&
		mv "$visitors/$who.count.new" "$visitors/$who.count"
}
goes_on() { [ ! -e "$visitors/stop" ]; }

# Connects to the router as a browser does: whom a wrong certificate certifies is not asked.
connect() {
	timeout 60 "$(find_tool openssl)" s_client -connect "$address:443" -servername "$name" \
		-verify_hostname "$name" -verify_return_error -CAfile "$roots" "$@"
}

request() { printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: %s\r\n\r\n' "$1" "$name" "$2"; }

# A new connection for each page, one after the other.
newcomer() {
	local who=newcomer good=0 bad=0 seen='' issuer answer
	while goes_on; do
		answer=$(request '' close | connect -ign_eof 2>&1)
		issuer=$(sed -n 's/^issuer=//p' <<<"$answer")
		if [ -n "$issuer" ] && grep -qF "$page" <<<"$answer"; then
			good=$((good + 1))
		else
			bad=$((bad + 1))
			tell "no page: $(tail -n 3 <<<"$answer" | tr '\n' ' ')"
		fi
		if [ -n "$issuer" ] && [ "$issuer" != "$seen" ]; then
			tell "connection $((good + bad)) is the first with a certificate by $issuer"
			seen=$issuer
		fi
		count
	done
}

# One connection that is kept, for one download after the other. nginx may end it between two, as it
# does when it reloads (RFC 9112 section 9.5), and the visitor goes on by another; a download that is
# cut off, and a connection without any, are bad.
regular() {
	local who=regular good=0 bad=0 connection=0 before up down process length
	trap '' PIPE
	mkfifo "$visitors/up"
	while goes_on; do
		connection=$((connection + 1))
		before=$good
		exec {down}< <(connect -quiet <"$visitors/up" 2>/dev/null)
		process=$!
		exec {up}>"$visitors/up"
		while goes_on && request download keep-alive >&"$up" && length=$(length_of_answer <&"$down"); do
			if [ "$(head -c "$length" <&"$down" | cksum)" = "$download" ]; then
				good=$((good + 1))
			else
				bad=$((bad + 1))
				tell 'a download was cut off'
			fi
			count
		done 2>/dev/null
		exec {up}>&- {down}<&-
		kill "$process" 2>/dev/null
		if [ "$good" = "$before" ]; then
			bad=$((bad + 1))
			tell "connection $connection brought nothing"
			count
		elif goes_on; then
			tell "nginx ended connection $connection after download $good, which is whole"
		fi
	done
}

# Reads an answer up to its body; fails where the connection ends before.
length_of_answer() {
	local field length=''
	while IFS= read -r -t "$limit" field; do
		field=${field%$'\r'}
		case ${field,,} in
		content-length:*) length=${field#*: } ;;
		'') [ -n "$length" ] && printf '%s' "$length" && return ;;
		esac
	done
	return 1
}
