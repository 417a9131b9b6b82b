import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../support/load.mjs';

const suggest = load('certkeeper.suggest');
const card = load('certkeeper.card');

test('which addresses the world reaches', () => {
	for (const a of ['198.51.100.1', '8.8.8.8', '172.32.0.1', '172.15.255.255', '100.128.0.1', '100.63.0.1', '11.0.0.1', '2001:db8::1', '3fff::1'])
		assert.equal(suggest.isPublic(a), true, a);
	for (const a of ['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '100.127.255.255', '169.254.1.1', '127.0.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', 'fe80::1', 'fd00::1', '::1', 'x', ''])
		assert.equal(suggest.isPublic(a), false, a);
});

test('addresses are those of the interfaces with a default route', () => {
	const dump = [
		{ interface: 'lan', 'ipv4-address': [{ address: '198.51.100.9' }], route: [] },
		{ interface: 'wan', 'ipv4-address': [{ address: '198.51.100.1' }, { address: '10.0.0.1' }], route: [{ target: '0.0.0.0', mask: 0 }] },
		{ interface: 'wan6', 'ipv6-address': [{ address: '2001:db8::1' }], route: [{ target: '::', mask: 0 }] }
	];
	assert.deepEqual(suggest.addresses(dump), ['198.51.100.1', '2001:db8::1']);
	assert.deepEqual(suggest.addresses(null), []);
});

test('the method follows names and addresses', () => {
	assert.equal(suggest.method(['www.example.org'], { addresses: ['198.51.100.1'] }).method, 'standalone');
	assert.equal(suggest.method(['www.example.org'], { addresses: [] }).method, 'dns');
	assert.equal(suggest.method(['*.example.org'], { addresses: ['198.51.100.1'] }).method, 'dns');
});

test('who has port 80 is told what becomes of it', () => {
	const why = port80 => suggest.method(['www.example.org'], { addresses: ['198.51.100.1'], port80 }).why;
	assert.doesNotMatch(why(undefined), /stays|seconds/);
	assert.match(why(null), /198\.51\.100\.1.*stays as it is/);
	assert.match(why({ host: '192.168.1.10', port: 8080 }), /does not come to 192\.168\.1\.10/);
	assert.match(why({ host: null, port: 80 }), /own web server/);
});

test('the provider of dynamic DNS is found by name', () => {
	const providers = [{ name: 'cloudflare', aliases: ['dns_cf'] }, { name: 'desec', aliases: [] }, { name: 'duckdns', aliases: [] }];
	assert.equal(suggest.ddnsProvider(['cloudflare.com-v4'], providers), 'cloudflare');
	assert.equal(suggest.ddnsProvider(['', 'desec.io'], providers), 'desec');
	assert.equal(suggest.ddnsProvider(['duckdns.org'], providers), 'duckdns');
	assert.equal(suggest.ddnsProvider(['no-ip.com'], providers), null);
	assert.equal(suggest.ddnsProvider([], providers), null);
});

test('a section is named after its first name', () => {
	assert.equal(suggest.section('www.example.org', []), 'www_example_org');
	assert.equal(suggest.section('*.example.org', []), 'example_org');
	assert.equal(suggest.section('a.example', ['a_example', 'a_example_2']), 'a_example_3');
	assert.equal(suggest.section('domain', []), 'domain_1');
	assert.ok(suggest.section('x'.repeat(100), []).length <= 63);
});

test('the card counts what is valid, what ends first, what fails', () => {
	const c = (end) => ({ not_after: end });
	const sum = card.sum([
		{ section: 'a', state: 'valid', source: 'acme', certificate: c(5_000_000) },
		{ section: 'b', state: 'valid', source: 'acme', certificate: c(3_000_000), last_attempt: { problem: 'no' } },
		{ section: 'c', state: 'dns_error', source: 'local', certificate: c(4_000_000) },
		{ section: 'd', state: 'valid', source: 'staging', certificate: c(2_000_000) },
		{ section: 'e', state: 'disabled', source: '' },
		{ section: 'f', state: 'initializing', stage: 'order', source: '' }
	], 1_000_000);
	assert.deepEqual(sum, { all: 5, valid: 2, running: 1, failing: ['b', 'c'], soonest: 'b', ends: 'in 23 days' });
	assert.equal(card.sum([], 0).soonest, null);
});
