'use strict';
'require baseclass';

/* What the agent's words are called on the page, and in which colour. */

const STATES = {
	disabled: [_('Disabled'), 'off'],
	initializing: [_('Initializing'), 'busy'],
	initialized: [_('Initialized'), 'busy'],
	banned: [_('Banned'), 'bad'],
	valid: [_('Valid'), 'good'],
	deferred: [_('Deferred'), 'wait'],
	dns_error: [_('DNS error'), 'bad'],
	connection_error: [_('Connection error'), 'bad'],
	invalid: [_('Invalid'), 'bad'],
	internal_error: [_('Internal error'), 'bad'],
	not_checked: [_('Not yet verified'), 'off']
};

const STAGES = {
	account: _('Account'),
	order: _('Order'),
	challenge: _('Challenge'),
	propagation: _('Propagation'),
	validation: _('Validation'),
	finalize: _('Finalize'),
	download: _('Download'),
	store: _('Store'),
	deploy: _('Deploy'),
	verify: _('Verify'),
	done: _('Done')
};

const SOURCES = {
	acme: _('CA'),
	staging: _('Staging'),
	upload: _('Uploaded'),
	local: _('Local CA')
};

const METHODS = {
	'standalone': _('HTTP, port 80 (certkeeper answers)'),
	'webroot': _('HTTP, folder of a web server'),
	'alpn': _('TLS, port 443 (certkeeper answers)'),
	'dns': _('DNS, through a provider'),
	'dns-delegated': _('DNS, a delegated name (certkeeper answers)'),
	'dns-manual': _('DNS, records that you write'),
	'dns-persist': _('DNS, one record for good'),
	'none': _('None (the CA knows the names)')
};

const JOBS = {
	queued: [_('Queued'), 'wait'],
	running: [_('Running'), 'busy'],
	stopping: [_('Stopping'), 'busy'],
	done: [_('Done'), 'good'],
	deferred: [_('Deferred'), 'wait'],
	cancelled: [_('Cancelled'), 'off'],
	failed: [_('Failed'), 'bad']
};

const RECORDS = {
	not_ready: [_('Not ready'), 'off'],
	ready: [_('Ready'), 'wait'],
	valid: [_('Valid'), 'good']
};

/* RFC 8555 section 7.1.6 */
const ACME = {
	pending: [_('Pending'), 'wait'],
	ready: [_('Ready'), 'wait'],
	processing: [_('Processing'), 'busy'],
	valid: [_('Valid'), 'good'],
	invalid: [_('Invalid'), 'bad'],
	deactivated: [_('Deactivated'), 'off'],
	expired: [_('Expired'), 'off'],
	revoked: [_('Revoked'), 'bad']
};

/* RFC 5280 section 5.3.1, those that a subscriber may give */
const REASONS = {
	unspecified: _('No reason given'),
	keyCompromise: _('The key may be known to others'),
	affiliationChanged: _('The owner has changed'),
	superseded: _('Another certificate took its place'),
	cessationOfOperation: _('The names are no longer in use')
};

const TOPICS = {
	configuration: _('Configuration'),
	clock: _('Clock'),
	directory: _('Directory of the CA'),
	account: _('Account'),
	profile: _('Profile'),
	name: _('Name'),
	caa: _('CAA records'),
	attempt: _('Last attempt'),
	ca: _('View from outside'),
	service: _('Services'),
	hook: _('Hooks'),
	export: _('Copies'),
	verify: _('Verify at')
};

/* Who is to have a certificate: `service nginx`. */
const USERS = {
	'service': _('service %s'),
	'export': _('copies in %s'),
	'hook': _('program %s'),
	'verify': _('place %s'),
	'event': _('event %s')
};

/* [label, colour] of a word in a table; a word that is news stands for itself. */
function pair(table, word) {
	return table[word] || [word || '-', 'off'];
}

function label(table, word) {
	return table[word] || word || '';
}

return baseclass.extend({
	STAGES: Object.keys(STAGES),
	REASONS: REASONS,
	METHODS: METHODS,

	state(word) { return pair(STATES, word); },
	job(word) { return pair(JOBS, word); },
	record(word) { return pair(RECORDS, word); },
	acme(word) { return pair(ACME, word); },
	stage(word) { return label(STAGES, word); },
	source(word) { return label(SOURCES, word); },
	method(word) { return label(METHODS, word); },
	user(text) {
		const parts = /^(\S+) (.*)$/.exec(text);
		return parts && USERS[parts[1]] ? USERS[parts[1]].format(parts[2]) : text;
	},
	/* What was looked at: a way of validation has its own name. */
	topic(word) { return TOPICS[word] || label(METHODS, word); }
});
