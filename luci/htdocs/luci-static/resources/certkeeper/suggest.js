'use strict';
'require baseclass';
'require certkeeper.validate as validate';

/* What the first-run guide proposes, from what the router is. */

/* RFC 1918, 6598 (CGNAT), 3927, 5735 and their like: nobody outside reaches these. */
const PRIVATE = [
	[10, 8], [172 * 256 + 16, 12], [192 * 256 + 168, 16], [100 * 256 + 64, 10], [169 * 256 + 254, 16], [127, 8], [0, 8]
];

function isPublic(address) {
	const value = String(address || '').toLowerCase();

	if (validate.isIPv4(value)) {
		const bytes = value.split('.').map(Number);
		const number = ((bytes[0] * 256 + bytes[1]) * 256 + bytes[2]) * 256 + bytes[3];
		const within = net => {
			const bits = net[1] <= 8 ? 8 : 16;
			const base = net[0] * Math.pow(2, 32 - bits);
			return Math.floor(number / Math.pow(2, 32 - net[1])) === Math.floor(base / Math.pow(2, 32 - net[1]));
		};
		return bytes[0] < 224 && !PRIVATE.some(within);
	}

	/* Global unicast is 2000::/3. */
	return validate.isIPv6(value) && /^[23][0-9a-f]{3}:/.test(value);
}

/* Public addresses of the interfaces that have a default route, by `network.interface dump`. */
function addresses(dump) {
	const out = [];

	(dump || []).filter(i => (i.route || []).some(r => r.mask === 0)).forEach(function(i) {
		(i['ipv4-address'] || []).concat(i['ipv6-address'] || []).forEach(a => out.push(a.address));
	});

	return out.filter(isPublic);
}

/* The module for the provider that the router's dynamic DNS uses, if there is one. */
function ddnsProvider(services, providers) {
	const plain = text => String(text).toLowerCase().replace(/\.(com|net|org|de|eu|io|info|ch|fr|nl)\b.*$/, '').replace(/[^a-z0-9]/g, '');
	const names = p => [p.name].concat(p.aliases || []).map(n => plain(n.replace(/^dns_/, '')));

	for (let i = 0; i < services.length; i++) {
		const found = providers.filter(p => names(p).indexOf(plain(services[i])) >= 0)[0];
		if (found)
			return found.name;
	}

	return null;
}

/* What becomes of those who answer the Internet on port 80 now: `{host, port}` by `status`. */
function port80(owner) {
	/* It is told before there is a first certificate. */
	if (owner === undefined)
		return '';

	if (!owner)
		return _('Otherwise it stays as it is.');

	return owner.host
		? _('For these seconds what the Internet sends there does not come to %s, which it is forwarded to.').format(owner.host)
		: _('For these seconds the router’s own web server there is not reached; the method with the folder of a web server spares it that.');
}

/* `{method, why}` for these names. */
function method(names, facts) {
	if (names.some(validate.isWildcard))
		return { method: 'dns', why: _('A wildcard can be validated by DNS alone.') };

	if (facts.addresses.length)
		return {
			method: 'standalone',
			why: [_('The router has a public address (%s). certkeeper answers on port 80 of the WAN while the CA asks, and only then.').format(facts.addresses[0]),
				port80(facts.port80)].filter(Boolean).join(' ')
		};

	return { method: 'dns', why: _('The router has no public address, so that a CA cannot reach it: DNS works without.') };
}

/* The section's name that a person would choose: www_example_org, with a number if it is taken. */
function section(name, taken) {
	const plain = String(name || '').replace(/^\*\./, '').replace(/[^A-Za-z0-9]/g, '_').slice(0, 60) || 'certificate';
	const first = plain === 'domain' ? 'domain_1' : plain;
	let out = first;

	for (let n = 2; taken.indexOf(out) >= 0; n++)
		out = '%s_%d'.format(first.slice(0, 60), n);

	return out;
}

return baseclass.extend({ isPublic: isPublic, addresses: addresses, ddnsProvider: ddnsProvider, method: method, section: section });
