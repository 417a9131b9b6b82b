import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../support/load.mjs';

const validate = load('certkeeper.validate');

const good = (check, ...values) => values.forEach(v => assert.equal(check(v), true, v));
const bad = (check, ...values) => values.forEach(v => assert.equal(typeof check(v), 'string', v));

test('names of certificates', () => {
	good(validate.name, 'www.example.org', 'WWW.Example.org.', '*.example.org', 'xn--bcher-kva.example', '192.0.2.1', '2001:db8::1', '@wan', 'a.b.c.example.org', '_dmarc.example.org');
	bad(validate.name, '', 'https://example.org', 'example.org/x', 'example.org:443', 'bücher.example', 'example', 'a..b', '-a.example.org',
		'a-.example.org', '*.*.example.org', 'www.*.example.org', 'a b.example.org', '300.1.2.3', 'x'.repeat(64) + '.example.org', ('abcdefgh.'.repeat(30)) + 'org');
});

test('addresses', () => {
	good(v => validate.isAddress(v) || 'no', '0.0.0.0', '255.255.255.255', '::', '::1', '1:2:3:4:5:6:7:8', '2001:db8::', 'fe80::1');
	for (const text of ['256.1.1.1', '1.2.3', ':::', '1::2::3', '1:2:3:4:5:6:7', '12345::', 'g::1', '1:2:3:4:5:6:7:8:9', ''])
		assert.equal(validate.isAddress(text), false, text);
});

test('reserved suffixes are no names for a public CA', () => {
	bad(validate.publicName, 'router.local', 'router.lan', 'x.home.arpa', 'a.b.internal', 'x.test');
	good(validate.publicName, 'www.example.org', 'local.example.org', 'mylan.org', '192.0.2.1');
	assert.match(validate.publicName('nas.lan'), /\.lan/);
});

test('a wildcard needs DNS, an address HTTP or TLS and a CA that does it', () => {
	const le = { name: 'letsencrypt', title: 'Let’s Encrypt', wildcards: true, addresses: true };
	const no = { name: 'x', title: 'X', wildcards: false, addresses: false };
	assert.equal(validate.fits('*.example.org', 'dns', le), true);
	assert.equal(validate.fits('*.example.org', 'dns-persist', le), true);
	assert.match(validate.fits('*.example.org', 'standalone', le), /DNS/);
	assert.match(validate.fits('*.example.org', 'dns', no), /X does not/);
	assert.match(validate.fits('192.0.2.1', 'dns', le, 'shortlived'), /HTTP or TLS/);
	assert.match(validate.fits('192.0.2.1', 'standalone', le, 'classic'), /shortlived/);
	assert.equal(validate.fits('192.0.2.1', 'standalone', le, 'shortlived'), true);
	assert.match(validate.fits('@wan', 'alpn', no), /X does not/);
	assert.equal(validate.fits('www.example.org', 'standalone', null), true);
});

test('sections', () => {
	good(validate.section, 'web', 'www_example_org', 'A1', 'x'.repeat(63));
	bad(validate.section, '', 'domain', 'a-b', 'a b', 'ä', 'x'.repeat(64));
});

test('what other fields take', () => {
	good(validate.email, 'me@example.org');
	bad(validate.email, '', 'me', 'me@example', 'a b@example.org', 'a@b@example.org');
	good(validate.days, '1', '30');
	bad(validate.days, '0', '-1', '1.5', 'x', '');
	good(validate.place, '127.0.0.1:443', '[::1]:8443', 'localhost:443/www.example.org');
	bad(validate.place, '127.0.0.1', 'x:0', 'x:70000', ':443', '::1:443');
	good(validate.nameserver, '192.0.2.53', '192.0.2.53:5353', '2001:db8::53', '[2001:db8::53]:53', 'https://dns.example/dns-query');
	bad(validate.nameserver, 'dns.example', 'http://dns.example/', 'https://dns.example', '1.2.3.4.5');
	good(validate.directory, 'https://ca.example/dir');
	bad(validate.directory, 'http://ca.example/dir', 'ca.example', '');
	good(validate.copies, '/srv/tls', '/srv/tls:mosquitto');
	bad(validate.copies, 'srv', '/srv/tls:', '/a b');
});
