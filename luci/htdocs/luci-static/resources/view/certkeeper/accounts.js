'use strict';
'require view';
'require form';
'require uci';
'require certkeeper.api as api';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.page as page';
'require certkeeper.sectionform as sectionform';
'require certkeeper.validate as validate';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* Accounts at CAs: what they are, and what can be done with them. */

const FORM = {
	kind: 'account',
	title: _('Account'),
	options: ['ca', 'acme_server', 'staging_server', 'ca_file', 'email', 'eab_kid'],
	lists: [],

	fields(s, known, section) {
		const eab = known.cas.filter(ca => ca.external_account && !ca.external_account_by_email).map(ca => ca.name);
		let o;

		o = s.option(form.ListValue, 'ca', _('CA'));
		known.cas.filter(ca => !ca.ended).forEach(ca => o.value(ca.name, ca.title));
		o.value('', _('another one, by its URL'));
		o.default = 'letsencrypt';
		o.cfgvalue = () => section === null ? 'letsencrypt' : uci.get('certkeeper', section, 'ca') || '';

		o = s.option(form.Value, 'acme_server', _('Directory'), _('The URL that the CA names for ACME.'));
		o.depends('ca', '');
		o.rmempty = false;
		o.placeholder = 'https://ca.example.org/acme/directory';
		o.validate = (id, value) => validate.directory(value);

		o = s.option(form.Value, 'staging_server', _('Staging directory'), _('Where the CA has tests made, if it has such a server.'));
		o.depends('ca', '');
		o.validate = (id, value) => value === '' || validate.directory(value);

		o = s.option(form.Value, 'ca_file', _('Root of the CA'), _('Path of a PEM file, for a private CA; for this account alone.'));
		o.depends('ca', '');
		o.validate = (id, value) => value === '' || value[0] === '/' || _('Enter a path that begins with /.');

		o = s.option(form.Value, 'email', _('E-mail'), _('Where the CA writes to. Empty: that of the settings.'));
		o.validate = (id, value) => value === '' || validate.email(value);

		o = s.option(form.Value, 'eab_kid', _('External account: key identifier'), _('The CA hands it out, with the HMAC key, to those who have an account there.'));
		eab.concat('').forEach(ca => o.depends('ca', ca));

		o = s.option(form.Value, '_hmac', _('External account: HMAC key'), _('Needed once, to register. It is stored where no login can read it.'));
		eab.concat('').forEach(ca => o.depends('ca', ca));
		o.password = true;
		o.placeholder = known.secrets(section || '').indexOf('eab_hmac_key') >= 0 ? _('set; leave empty to keep it') : _('not set');
		o.cfgvalue = () => '';
	},

	secrets(map, values) {
		return values._hmac ? { eab_hmac_key: values._hmac } : null;
	}
};

function act(account, action, title) {
	return job.follow('%s: %s'.format(title, account.name), 'account', { name: account.name, action: action, staging: account.staging || undefined });
}

function ask(account, action, title, text) {
	return new Promise(done => widgets.ask('%s: %s'.format(title, account.name), text, title, () => done(act(account, action, title))));
}

function actions(account, after) {
	const list = [];
	const own = uci.get('certkeeper', account.name);
	const add = (text, kind, work) => list.push(widgets.deed(text, kind, after(work), { 'aria-label': '%s: %s'.format(text, account.name) }));

	if (account.state === 'pending')
		add(_('Register'), 'action', () => act(account, 'register', _('Register')));

	if (account.state === 'valid') {
		add(_('Update contact'), 'neutral', () => act(account, 'update', _('Update contact')));
		add(_('New key'), 'neutral', () => ask(account, 'rollover', _('New key'), _('The account gets another key. Its certificates and orders stay as they are.')));
		add(_('Deactivate'), 'negative', () => ask(account, 'deactivate', _('Deactivate'), _('The CA ends the account for good: nothing can be ordered or revoked with it any more. Certificates stay valid until they end.')));
	}

	if (account.url)
		add(_('Delete here'), 'negative', () => ask(account, 'delete', _('Delete here'), _('The router forgets the account and its key; at the CA it goes on. Certificates remain in use, orders are no longer shown, and the next run registers a new account.')));

	if (own && own['.type'] === 'account') {
		add(_('Edit'), 'neutral', () => sectionform.open(FORM, account.name));
		if (!account.url && !(account.sections || []).length)
			add(_('Remove'), 'negative', () => sectionform.remove(account.name));
	}

	return list;
}

function draw(all, after) {
	const accounts = all[0].accounts || [];
	const shown = accounts.map(a => a.name);
	/* Sections that no certificate uses yet are not in the agent's list. */
	const idle = uci.sections('certkeeper', 'account').filter(s => shown.indexOf(s['.name']) < 0)
		.map(s => ({ name: s['.name'], state: 'pending', ca: s.ca || s.acme_server, email: s.email, eab_kid: s.eab_kid, sections: [], configured: true }));
	const every = accounts.concat(idle);

	if (!every.length)
		return widgets.empty(_('There is no account yet. The first certificate brings its own; a CA that wants an external account, or one of your own, is added here.'));

	return E('div', { 'class': 'ck-list' }, every.map(a => widgets.entry([
		a.name, widgets.badge(words.acme(a.state)), a.staging ? E('span', { 'class': 'ck-source ck-source-staging' }, [_('Staging')]) : '',
		a.configured === false ? E('span', { 'class': 'ck-dim' }, [_('no longer configured')]) : ''
	], widgets.facts([
		[_('CA'), a.ca],
		[_('Endpoint'), a.endpoint],
		[_('Created'), a.created ? format.moment(a.created) : null],
		[_('E-mail'), a.email],
		[_('Terms'), a.terms ? widgets.link(a.terms) : null],
		[_('External account'), a.eab_kid ? '%s (%s)'.format(a.eab_kid, a.eab_hmac_key_set ? _('HMAC key set') : _('HMAC key not set')) : null],
		[_('Used by'), (a.sections || []).join(', ')]
	]), actions(a, after))));
}

return view.extend({
	render() {
		return page.create({
			title: _('Accounts'),
			text: _('With an account a CA knows who orders. It is registered by the first certificate that needs it, once you agree to the CA’s terms in Settings.'),
			buttons: after => [widgets.deed(_('Add account'), 'add', after(() => sectionform.open(FORM, null)))],
			load: () => Promise.all([api.call('accounts'), uci.load('certkeeper')]),
			draw: draw
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
