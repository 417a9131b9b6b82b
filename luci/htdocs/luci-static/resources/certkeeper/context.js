'use strict';
'require baseclass';
'require uci';
'require certkeeper.api as api';

/* What the forms need to know, fetched together: the configuration, providers, CAs, hooks, and which
   secrets are set. */

function load() {
	/* Others write it, too. */
	uci.unload('certkeeper');
	return Promise.all([
		uci.load('certkeeper'), api.call('providers'), api.call('cas'), api.call('hooks'), api.call('status')
	]).then(all => {
		const providers = all[1].providers || [];
		const cas = all[2].cas || [];
		const secrets = all[4].secrets || {};

		return {
			providers: providers, cas: cas, hooks: all[3].hooks || [], status: all[4],

			/* The module that a name or alias selects. */
			provider(name) {
				return providers.filter(p => p.name === name || (p.aliases || []).indexOf(name) >= 0)[0] || null;
			},

			/* The preset behind an account's name: an own section's, or the preset itself. */
			ca(account) {
				const own = uci.get('certkeeper', account || '');
				const preset = own && own['.type'] === 'account' ? own.ca : account || 'letsencrypt';
				return cas.filter(ca => ca.name === preset)[0] || null;
			},

			secrets(section) {
				return secrets[section] || [];
			},

			/* [name, label] of all that `option account` may name. */
			accounts() {
				const own = uci.sections('certkeeper', 'account').map(s => [s['.name'], '%s (%s)'.format(s['.name'], s.ca || s.acme_server || '')]);
				const presets = cas.filter(ca => !ca.ended && !own.some(a => a[0] === ca.name)).map(ca => [ca.name, ca.title]);
				return own.concat(presets);
			},

			/* Names that sections have already: all types share one space of names in UCI. */
			taken() {
				return uci.sections('certkeeper').map(s => s['.name']);
			}
		};
	});
}

function list(value) {
	return Array.isArray(value) ? value : value ? String(value).split(/\s+/) : [];
}

/* Puts an object's options into a section of the configuration; options of `known` that it lacks go. */
function put(section, values, known) {
	known.forEach(option => {
		const value = values[option];
		const void_ = value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
		const before = uci.get('certkeeper', section, option);

		if (void_ && before !== null && before !== undefined)
			uci.unset('certkeeper', section, option);
		else if (!void_ && JSON.stringify(before) !== JSON.stringify(value))
			uci.set('certkeeper', section, option, value);
	});
}

return baseclass.extend({ load: load, list: list, put: put });
