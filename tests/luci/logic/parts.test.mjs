// What the parts of the app say of each other, and what the binary says of itself.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { load } from '../support/load.mjs';
import { app, sources } from '../support/words.mjs';

const words = load('certkeeper.words');

const json = file => JSON.parse(readFileSync(join(app, file), 'utf8'));
const menu = json('root/usr/share/luci/menu.d/luci-app-certkeeper.json');
const acl = json('root/usr/share/rpcd/acl.d/luci-app-certkeeper.json');
const resources = join(app, 'htdocs/luci-static/resources');
const text = sources().map(file => readFileSync(file, 'utf8')).join('\n');
const group = acl['luci-app-certkeeper'];

// [name → arguments] as certkeeper/api.js declares them.
function called() {
	const api = readFileSync(join(resources, 'certkeeper/api.js'), 'utf8');
	const table = /const METHODS = (\{[\s\S]*?\n\});/.exec(api)[1];
	return new Function(`return ${table}`)();
}

// The Rust files of a folder and of those in it.
const rust = folder => readdirSync(folder, { recursive: true }).filter(file => file.endsWith('.rs')).map(file => join(folder, file));

test('each entry of the menu leads to a view, each view is in the menu', () => {
	const paths = Object.values(menu).map(n => n.action).filter(a => a.type === 'view').map(a => a.path);
	for (const path of paths)
		assert.ok(existsSync(join(resources, 'view', path + '.js')), path);
	const views = sources(join(resources, 'view/certkeeper')).map(f => f.slice(join(resources, 'view/').length, -3));
	assert.deepEqual(views.sort(), paths.sort());
	for (const name of Object.keys(menu).slice(1))
		assert.ok(name.startsWith('admin/services/certkeeper/'));
});

test('the menu asks for the rights of the ACL file', () => {
	assert.deepEqual(Object.keys(acl), ['luci-app-certkeeper']);
	assert.deepEqual(menu['admin/services/certkeeper'].depends.acl, ['luci-app-certkeeper']);
});

test('what is required is there', () => {
	const builtin = ['baseclass', 'dom', 'form', 'poll', 'rpc', 'uci', 'ui', 'view'];
	for (const m of text.matchAll(/^'require ([\w.]+)/gm))
		assert.ok(builtin.includes(m[1]) || existsSync(join(resources, m[1].replace(/\./g, '/') + '.js')), m[1]);
	for (const m of text.matchAll(/L\.require\('([\w.]+)'\)/g))
		assert.ok(existsSync(join(resources, m[1].replace(/\./g, '/') + '.js')), m[1]);
});

test('every module is used', () => {
	for (const file of sources(join(resources, 'certkeeper'))) {
		const name = file.slice(resources.length + 1, -3).replace('/', '.');
		assert.ok(text.includes(`'require ${name} as`) || text.includes(`L.require('${name}')`), name);
	}
});

test('secrets are written, never read', () => {
	assert.ok(!group.read.uci.includes('certkeeper_secrets'));
	/* Other packages hold credentials, too: acme nobody reads, ddns who may change things here. */
	assert.deepEqual(group.read.uci, ['certkeeper']);
	assert.deepEqual(group.write.uci, { certkeeper: ['write'], certkeeper_secrets: ['write'], ddns: ['read'] });
	assert.ok(!text.includes("uci.load('certkeeper_secrets')"));
	assert.deepEqual(Object.keys(group.write.file), ['/etc/init.d/certkeeper start']);
});

test('every call that the page makes is granted, on the side it belongs to', () => {
	const granted = (side, object) => (group[side].ubus[object] || []);
	for (const name of Object.keys(called()))
		assert.ok(granted('read', 'certkeeper').includes(name) || granted('write', 'certkeeper').includes(name), name);
	for (const m of text.matchAll(/rpc\.declare\(\{\s*object: '([\w.]+)',\s*method: '(\w+)'/g)) {
		/* luci-base grants these to every login that may write. */
		const base = m[1] === 'uci' && ['add', 'delete'].includes(m[2]);
		assert.ok(base || granted('read', m[1]).includes(m[2]) || granted('write', m[1]).includes(m[2]), `${m[1]} ${m[2]}`);
	}
	for (const m of text.matchAll(/api\.call\('(\w+)'|job\.(?:run|follow)\([^'\n]*(?:'[^'\n]*'[^'\n]*)*?, '(\w+)', \{/g))
		assert.ok((m[1] || m[2]) in called(), m[0]);
});

test('the binary has the methods that the page calls, with these arguments', t => {
	const binary = process.env.CERTKEEPER_BINARY;
	if (!binary)
		return t.skip('CERTKEEPER_BINARY names no binary');
	const { methods } = JSON.parse(execFileSync(binary, ['agent', '--methods', '--json'], { encoding: 'utf8' }));
	for (const [name, args] of Object.entries(called())) {
		assert.ok(methods[name], `${name} is no method of the agent`);
		for (const arg of args)
			assert.ok(methods[name].args.includes(arg), `${name} takes no ${arg}`);
	}
	for (const side of ['read', 'write'])
		assert.deepEqual(group[side].ubus.certkeeper.slice().sort(), Object.keys(methods).filter(m => methods[m].access === side).sort(), side);
	return undefined;
});

test('ways of validation and topics of checks have words here', t => {
	const binary = process.env.CERTKEEPER_BINARY;
	if (!binary)
		return t.skip('CERTKEEPER_BINARY names no binary');
	const root = mkdtempSync(join(tmpdir(), 'certkeeper-luci-'));
	mkdirSync(join(root, 'etc/config'), { recursive: true });
	writeFileSync(join(root, 'etc/config/certkeeper'), "config certkeeper 'global'\n");
	const { stdout } = spawnSync(binary, ['--root', root, '--json', 'check', '--stdin', 'x'], {
		encoding: 'utf8', input: "config cert 'x'\n\tlist domains 'a.example.org'\n\toption validation_method 'no-such'\n"
	});
	rmSync(root, { recursive: true });
	const methods = /validation_method: (.*) is wanted/.exec(JSON.parse(stdout).findings[0].text)[1].split(/, | or /);
	assert.ok(methods.length >= 8, stdout);
	assert.deepEqual(Object.keys(words.METHODS).sort(), methods.sort());

	const checks = ['cli', 'issue', 'deploy'].flatMap(room => rust(join(app, '../src', room))).map(file => readFileSync(file, 'utf8')).join('\n');
	const topics = [...checks.matchAll(/\b(?:found|told)\(\s*"([a-z]+)"|\btopic: "([a-z]+)"/g)].map(m => m[1] || m[2]);
	assert.ok(topics.length > 8, topics.join());
	assert.deepEqual([...new Set(topics)].filter(topic => words.topic(topic) === topic), []);
	return undefined;
});

test('files are of a size that one reads at once, and nobody reaches elsewhere', () => {
	for (const file of sources()) {
		const lines = readFileSync(file, 'utf8').split('\n').length;
		assert.ok(lines <= 300, `${file}: ${lines} lines`);
	}
	assert.ok(statSync(join(resources, 'certkeeper/certkeeper.css')).size < 20000);
	assert.ok(!/innerHTML|eval\(|document\.write|XMLHttpRequest|\bfetch\(/.test(text));
});
