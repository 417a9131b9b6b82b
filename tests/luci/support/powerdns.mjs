// A PowerDNS of the test's own, on this machine, where the router reaches it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostOfRouter } from './site.mjs';

const tools = process.env.CERTKEEPER_TEST_TOOLS || new URL('../../.tools', import.meta.url).pathname;

function freePort(host) {
	return new Promise((done, fail) => {
		const server = createServer().listen(0, host, () => {
			const { port } = server.address();
			server.close(() => done(port));
		});
		server.on('error', fail);
	});
}

// Its API wants this key.
export async function powerdns(key) {
	const host = await hostOfRouter();
	const [api, dns] = [await freePort(host), await freePort(host)];
	const folder = mkdtempSync(join(tmpdir(), 'certkeeper-pdns-'));
	const program = [join(tools, 'bin/pdns_server'), '/usr/sbin/pdns_server'].find(existsSync);
	if (!program)
		throw new Error('there is no pdns_server: run tests/run, which unpacks it');
	const schema = [join(tools, 'usr'), '/usr'].map(usr => join(usr, 'share/pdns-backend-sqlite3/schema/schema.sqlite3.sql')).find(existsSync);
	execFileSync('sqlite3', [join(folder, 'zones.sqlite')], { input: readFileSync(schema) });
	writeFileSync(join(folder, 'pdns.conf'), [
		'launch=gsqlite3', `gsqlite3-database=${folder}/zones.sqlite`, `socket-dir=${folder}`, `local-address=${host}`, `local-port=${dns}`,
		'webserver=yes', `webserver-address=${host}`, `webserver-port=${api}`, 'webserver-allow-from=0.0.0.0/0,::/0', 'api=yes', `api-key=${key}`, 'guardian=no', 'daemon=no'
	].join('\n') + '\n');
	const server = spawn(program, [`--config-dir=${folder}`], { stdio: 'ignore' });
	const url = `http://${host}:${api}`;

	for (let i = 0; i < 100; i++) {
		const status = await fetch(url + '/api/v1/servers', { headers: { 'X-API-Key': key } }).then(r => r.status, () => 0);
		if (status === 200)
			break;
		if (i === 99)
			throw new Error('pdns_server does not answer');
		await new Promise(done => setTimeout(done, 100));
	}

	return {
		url,
		end: () => new Promise(done => {
			server.once('exit', () => { rmSync(folder, { recursive: true }); done(); });
			server.kill();
		})
	};
}
