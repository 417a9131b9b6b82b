'use strict';
'require baseclass';

/* What is wrong with what somebody typed, before anything is saved: a sentence, or true. The binary
   checks the same again; here it is said earlier. */

const LOCAL = ['local', 'lan', 'home.arpa', 'internal', 'localhost', 'test', 'example', 'invalid', 'onion', 'intranet', 'home'];
const DNS_METHODS = ['dns', 'dns-persist', 'dns-manual', 'dns-delegated'];

function isIPv4(text) {
	const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
	return !!parts && parts.slice(1).every(part => +part < 256);
}

function isIPv6(text) {
	const halves = text.split('::');
	const group = part => /^[0-9a-f]{1,4}$/i.test(part);
	const groups = half => half === '' ? [] : half.split(':');

	if (text.indexOf(':') < 0 || halves.length > 2)
		return false;

	const all = halves.reduce((list, half) => list.concat(groups(half)), []);
	return all.every(group) && (halves.length === 2 ? all.length < 8 : all.length === 8);
}

function isAddress(text) {
	return isIPv4(text) || isIPv6(text);
}

function isWildcard(text) {
	return text.indexOf('*.') === 0;
}

/* The reserved suffix that a name ends in, if it does. */
function localSuffix(name) {
	return LOCAL.filter(end => name === end || name.slice(-end.length - 1) === '.' + end)[0] || null;
}

function label(text) {
	return text.length <= 63 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(text);
}

/* A name of a certificate: host name, wildcard, address, or @interface. */
function name(text) {
	const value = String(text || '').trim().toLowerCase().replace(/\.$/, '');

	if (value === '')
		return _('Enter a name, such as www.example.org.');

	if (isAddress(value) || /^@[a-z0-9_.-]+$/.test(value))
		return true;

	if (value.indexOf('/') >= 0)
		return _('Write the name alone, without https:// and path.');

	if (value.indexOf(':') >= 0)
		return _('Write the name alone, without a port.');

	// eslint-disable-next-line no-control-regex
	if (/[^\x00-\x7f]/.test(value))
		return _('Write an international name in its ASCII form, xn--….');

	if (value.length > 253)
		return _('A name has at most 253 characters.');

	const base = isWildcard(value) ? value.slice(2) : value;

	if (base.indexOf('*') >= 0)
		return _('A wildcard stands first and alone: *.example.org.');

	if (base.indexOf('.') < 0)
		return _('That is no full name: its domain is missing.');

	if (!base.split('.').every(label) || /\.\d+$/.test(base))
		return _('A name is made of letters, digits and hyphens, with dots between.');

	return true;
}

/* Whether a public CA certifies the name at all. */
function publicName(text) {
	const value = String(text || '').trim().toLowerCase();
	const suffix = isAddress(value) || value[0] === '@' ? null : localSuffix(value);

	if (!suffix)
		return true;

	return _('No public CA certifies names that end in .%s: they are not unique in the world. The router’s own CA certifies them meanwhile.').format(suffix);
}

/* Whether the way of validation suits the name, and the CA (a preset, or null) as well. */
function fits(text, method, ca, profile) {
	const value = String(text || '').trim().toLowerCase();

	if (isWildcard(value)) {
		if (DNS_METHODS.indexOf(method) < 0 && method !== 'none')
			return _('A wildcard can be validated by DNS alone: choose a DNS method.');

		if (ca && ca.wildcards === false)
			return _('%s does not certify wildcards.').format(ca.title);
	}

	if (isAddress(value) || value[0] === '@') {
		if (DNS_METHODS.indexOf(method) >= 0)
			return _('An address cannot be validated by DNS: choose HTTP or TLS.');

		if (ca && ca.addresses === false)
			return _('%s does not certify addresses.').format(ca.title);

		if (ca && ca.name === 'letsencrypt' && profile !== 'shortlived')
			return _('Let’s Encrypt certifies addresses in the profile shortlived alone.');
	}

	return true;
}

function section(text) {
	const value = String(text || '');

	if (!/^[A-Za-z0-9_]{1,63}$/.test(value))
		return _('A section’s name has 1 to 63 letters, digits and _.');

	if (value === 'domain')
		return _('“domain” is reserved for the links to the primary certificate.');

	return true;
}

function email(text) {
	if (/^[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+$/.test(String(text || '')))
		return true;

	return _('Enter an e-mail address, such as me@example.org.');
}

function days(text) {
	return /^[1-9]\d{0,4}$/.test(String(text)) ? true : _('Enter a number of days from 1 on.');
}

/* `HOST:PORT[/NAME]`, a place to be looked at. */
function place(text) {
	const parts = /^(\[[0-9a-f:]+\]|[^:/\s]+):(\d{1,5})(\/\S+)?$/i.exec(String(text || ''));

	if (parts && +parts[2] > 0 && +parts[2] < 65536)
		return true;

	return _('Enter host:port, or host:port/name, such as 127.0.0.1:443.');
}

/* A nameserver: address, with port or not, or the URL of a DoH server. */
function nameserver(text) {
	const value = String(text || '');
	const plain = value.replace(/^\[([0-9a-f:]+)\](:\d{1,5})?$/i, '$1').replace(/^([0-9.]+):\d{1,5}$/, '$1');

	if (/^https:\/\/[^\s/]+\/\S*$/.test(value) || isAddress(plain))
		return true;

	return _('Enter an address, [address]:port, or an https:// URL of a DoH server.');
}

function directory(text) {
	return /^https:\/\/[^\s/]+(\/\S*)?$/.test(String(text || '')) ? true : _('Enter the https:// URL of the CA’s directory.');
}

/* `DIR` or `DIR:USER`, where copies go. */
function copies(text) {
	return /^\/[^\s:]*(:[A-Za-z_][\w-]*)?$/.test(String(text || '')) ? true : _('Enter a folder, or folder:user, such as /srv/tls:mosquitto.');
}

return baseclass.extend({
	isAddress: isAddress, isIPv4: isIPv4, isIPv6: isIPv6, isWildcard: isWildcard,
	name: name, publicName: publicName, fits: fits, section: section, email: email, days: days, place: place,
	nameserver: nameserver, directory: directory, copies: copies
});
