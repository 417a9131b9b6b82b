'use strict';
'require baseclass';

/* Whatever keeps the page from working, each with a sentence of its own. */

/* Status codes of ubus, and of JSON-RPC where uhttpd itself says no. */
const UBUS = { 2: 'usage', 3: 'old', 4: 'absent', 6: 'refused', 7: 'timeout', 9: 'timeout', 10: 'lost' };
const JSONRPC = { '-32000': 'absent', '-32002': 'refused', '-32003': 'timeout', '-32601': 'old' };

const TEXTS = {
	absent: [
		_('The agent of certkeeper does not run.'),
		_('Certificates are still renewed each hour by cron, but this page cannot see or do anything without the agent.')
	],
	refused: [
		_('This login is not allowed to do that.'),
		_('If the package was installed a moment ago, log out and in again: rights are read at login. Otherwise somebody has restricted this login (/etc/config/rpcd).')
	],
	old: [
		_('The agent does not know what this page asks.'),
		_('Program and page are of different versions: install both packages of the same version, then restart the service certkeeper.')
	],
	timeout: [
		_('The router did not answer in time.'),
		_('It may be busy; the page asks again by itself.')
	],
	lost: [
		_('The router cannot be reached.'),
		_('Check the connection to the router; the page asks again by itself.')
	],
	clock: [
		_('The clock of the router is not set.'),
		_('Certificates cannot be judged or ordered before NTP has set the time: look at System → System → Time Synchronization.')
	],
	bundle: [
		_('There is no bundle of root certificates.'),
		_('No CA and no DNS provider can be trusted without it: install the package ca-bundle, or set the path in Settings.')
	],
	menu: [
		_('certkeeper is installed, but LuCI’s menu does not show it yet.'),
		_('The menu was kept from before the installation: read it anew.')
	],
	other: [
		_('That did not work.'),
		_('The system log tells more.')
	]
};

function make(kind, detail) {
	const text = TEXTS[kind] || TEXTS.other;
	const message = kind === 'other' && detail ? detail : text[0];
	return { kind: kind, message: message, remedy: text[1] };
}

/* What a rejected call means. LuCI hands on a code within a sentence, nothing else. */
function classify(error) {
	const text = String((error && error.message) || error || '');
	const ubus = /ubus code (\d+)/.exec(text);
	const jsonrpc = /with error (-\d+)/.exec(text);

	if (ubus)
		return make(UBUS[ubus[1]] || 'other', text);

	if (jsonrpc)
		return make(JSONRPC[jsonrpc[1]] || 'other', text);

	if (/timed? ?out|abort/i.test(text))
		return make('timeout');

	if (/HTTP error|XHR|network|NetworkError|Failed to fetch|communication/i.test(text))
		return make('lost');

	return make('other', text);
}

/* What the agent itself said: `{code, message, remedy}`. */
function told(error) {
	return { kind: error.code || 'failed', message: error.message || TEXTS.other[0], remedy: error.remedy || '' };
}

/* What the router lacks, by the head of `status`. */
function lacks(head) {
	const out = [];

	if (head.clock_set === false)
		out.push(make('clock'));

	if (head.ca_bundle === false)
		out.push(make('bundle'));

	return out;
}

return baseclass.extend({ make: make, classify: classify, told: told, lacks: lacks });
