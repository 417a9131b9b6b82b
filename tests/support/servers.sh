# shellcheck shell=bash
# The demo's servers: PowerDNS, nginx and Pebble on free ports of 127.0.0.1, all their files below
# $work. Sourced by tests/demo and its parts after setup.sh; the tests have the same in Rust.
# Functions called by their names (serve) look unreachable to shellcheck.
# shellcheck disable=SC2317

pids=()
# Where the names of the zone lead, where Pebble listens and looks, and what else it is called.
zone_address=127.0.0.1 pebble_address=127.0.0.1 pebble_http_port='' pebble_names='IP:127.0.0.1'
# Chosen by serve.
dns_port='' api_port='' http_port='' acme_port='' management_port=''

# end_servers: ends what was started, by its number, and nothing else.
end_servers() {
	local pid tick
	[ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2>/dev/null
	for pid in "${pids[@]}"; do
		for ((tick = 0; tick < 60; tick++)); do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	pids=()
}

listens() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port NAME: sets the variable NAME to a port that nobody listens on. Below 32768, where no
# outgoing connection can take it.
free_port() {
	local port
	while port=$((12000 + RANDOM % 20000)) && listens "$port"; do :; done
	printf -v "$1" %s "$port"
}

# serve NAME CONFIGURE PORTVAR…: chooses ports, calls CONFIGURE (which writes the configuration and
# sets the array command) and starts the server; once more with other ports if it does not come up.
serve() {
	local name=$1 configure=$2 command=() try variable pid up tick
	shift 2
	for try in 1 2 3; do
		for variable; do free_port "$variable"; done
		up=
		"$configure"
		(cd "$work/$name" && exec "${command[@]}") >"$work/$name/log" 2>&1 &
		pid=$!
		for ((tick = 0; tick < 200; tick++)); do
			kill -0 "$pid" 2>/dev/null || break
			up=1
			for variable; do listens "${!variable}" || up=; done
			[ -z "$up" ] || break
			sleep 0.05
		done
		if [ -n "$up" ] && kill -0 "$pid" 2>/dev/null; then
			pids+=("$pid")
			return
		fi
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	cat "$work/$name/log"
	stop "$name did not start (tried $try times)."
}

configure_powerdns() {
	cat >"$work/powerdns/pdns.conf" <<-CONF
		launch=gsqlite3
		gsqlite3-database=$work/powerdns/zones.sqlite
		gsqlite3-pragma-synchronous=0
		local-address=127.0.0.1
		local-port=$dns_port
		socket-dir=$work/powerdns
		api=yes
		api-key=$token
		webserver-address=127.0.0.1
		webserver-port=$api_port
		webserver-allow-from=127.0.0.1
		# What the API changes is answered at once.
		cache-ttl=0
		query-cache-ttl=0
		negquery-cache-ttl=0
		zone-cache-refresh-interval=0
		# It would ask its makers' servers whether this version is safe.
		security-poll-suffix=
		daemon=no
		guardian=no
		write-pid=no
		disable-syslog=yes
	CONF
	command=("$(find_tool pdns_server)" "--config-dir=$work/powerdns")
}

# A zone in which every name has one address.
make_zone() {
	local schema=usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql
	if [ -f "$tools/$schema" ]; then schema=$tools/$schema; else schema=/$schema; fi
	sqlite "$(cat "$schema")"
	sqlite "insert into domains (name, type) values ('demo.example', 'NATIVE');
		insert into records (domain_id, name, type, content, ttl, auth) values
			(1, 'demo.example', 'SOA', 'ns.demo.example admin.demo.example 1 60 60 60 60', 60, 1),
			(1, 'demo.example', 'NS', 'ns.demo.example', 60, 1),
			(1, 'demo.example', 'A', '$zone_address', 60, 1),
			(1, '*.demo.example', 'A', '$zone_address', 60, 1);"
}
sqlite() { "$(find_tool sqlite3)" -cmd '.timeout 5000' "$work/powerdns/zones.sqlite" "$1"; }

configure_nginx() {
	local user=''
	# Started by root, its worker would be "nobody", who may not enter the folder.
	[ "$(id -u)" != 0 ] || user='user root root;'
	cat >"$work/nginx/nginx.conf" <<-CONF
		$user
		daemon off;
		worker_processes 1;
		pid $work/nginx/pid;
		error_log stderr;
		events { worker_connections 64; }
		http {
			access_log off;
			default_type text/plain;
			client_body_temp_path $work/nginx/body;
			proxy_temp_path $work/nginx/proxy;
			fastcgi_temp_path $work/nginx/fastcgi;
			uwsgi_temp_path $work/nginx/uwsgi;
			scgi_temp_path $work/nginx/scgi;
			server {
				listen 127.0.0.1:$http_port;
				location /.well-known/acme-challenge/ { root $root/www; }
				location / { return 200 "the router's own page\n"; }
			}
		}
	CONF
	command=("$(find_tool nginx)" -p "$work/nginx" -c "$work/nginx/nginx.conf" -e stderr)
}

configure_pebble() {
	cat >"$work/pebble/config.json" <<-CONF
		{"pebble": {
			"listenAddress": "$pebble_address:$acme_port",
			"managementListenAddress": "127.0.0.1:$management_port",
			"certificate": "$work/pebble/cert.pem", "privateKey": "$work/pebble/key.pem",
			"httpPort": ${pebble_http_port:-$http_port}, "tlsPort": 9, "keyAlgorithm": "ecdsa",
			"certificateValidityPeriod": 7776000
		}}
	CONF
	# Without these it would wait at random and reject good nonces, as a test of its clients.
	command=(env PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0
		"$(find_tool pebble)" -config "$work/pebble/config.json" -dnsserver "127.0.0.1:$dns_port")
}

openssl() { "$(find_tool openssl)" "$@"; }

# Pebble's own HTTPS certificate and the little CA behind it.
make_https() {
	local new=(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -config "$work/pebble/req")
	cat >"$work/pebble/req" <<-CONF
		[req]
		distinguished_name = name
		[name]
		[ca]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign
		subjectKeyIdentifier = hash
		[server]
		basicConstraints = critical, CA:FALSE
		extendedKeyUsage = serverAuth
		subjectAltName = DNS:localhost, IP:127.0.0.1, $pebble_names
		authorityKeyIdentifier = keyid
	CONF
	openssl "${new[@]}" -subj '/CN=demo HTTPS CA' -extensions ca \
		-keyout "$work/pebble/ca.key" -out "$work/pebble/ca.pem" &&
		openssl "${new[@]}" -subj /CN=localhost -extensions server \
			-CA "$work/pebble/ca.pem" -CAkey "$work/pebble/ca.key" \
			-keyout "$work/pebble/key.pem" -out "$work/pebble/cert.pem"
}

# The root to which Pebble's certificates lead; made anew at each start.
fetch_root() {
	printf 'GET /roots/0 HTTP/1.0\r\nHost: localhost\r\n\r\n' |
		openssl s_client -quiet -verify_return_error -CAfile "$work/pebble/ca.pem" \
			-connect "127.0.0.1:$management_port" 2>/dev/null |
		sed -n '/-BEGIN/,/-END/p' >"$work/pebble-root.pem"
	[ -s "$work/pebble-root.pem" ]
}
