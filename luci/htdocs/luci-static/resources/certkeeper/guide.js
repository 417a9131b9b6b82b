'use strict';
'require baseclass';
'require dom';
'require uci';
'require ui';
'require certkeeper.api as api';
'require certkeeper.context as context';
'require certkeeper.credentials as credentials';
'require certkeeper.job as job';
'require certkeeper.save as save';
'require certkeeper.suggest as suggest';
'require certkeeper.validate as validate';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* The way to the first certificate: CA and terms, name, method, check, test, go live. */

const STEPS = [_('CA and terms'), _('Name'), _('Check'), _('Test'), _('Go live')];

function field(id, title, input, hint) {
	return E('div', { 'class': 'ck-field' }, [E('label', { 'for': id }, [title]), E('div', {}, [input, hint || ''])]);
}

function hint(text) {
	return E('p', { 'class': 'ck-hint' }, [text]);
}

function Guide(known, facts, ended, changed) {
	const global = uci.get('certkeeper', 'global') || {};

	this.known = known;
	this.facts = facts;
	this.ended = ended;
	this.changed = changed;
	this.values = { account: known.accounts()[0][0], email: global.account_email || '', agreed: global.accept_tos === '1', names: '', method: null };
	/* What was wrong says nothing any more once something is changed. */
	this.node = E('section', { 'class': 'ck-guide', 'aria-label': _('Guide to the first certificate'), 'input': () => { this.fault.textContent = ''; } });
	this.step = 0;
	this.saved = null;
}

Guide.prototype.show = function(content, buttons) {
	this.fault = E('p', { 'class': 'ck-fault', 'role': 'alert' });
	dom.content(this.node, [
		E('h3', { 'tabindex': '-1' }, [_('The way to the first certificate')]),
		E('ol', { 'class': 'ck-path' }, STEPS.map((text, i) => E('li', { 'class': i < this.step ? 'ck-past' : '', 'aria-current': i === this.step ? 'step' : null }, [text]))),
		E('div', {}, content), this.fault,
		E('div', { 'class': 'ck-buttons' }, [].concat(buttons, widgets.button(_('Leave the guide'), 'neutral', this.ended)))
	]);
	this.node.querySelector('h3').focus();
};

Guide.prototype.go = function(step) {
	this.step = step;
	[this.ca, this.name, this.check, this.test, this.live][step].call(this);
};

Guide.prototype.back = function() {
	return widgets.button(_('Back'), 'neutral', () => this.go(this.step - 1));
};

/* Goes on unless something is wrong, which is said. */
Guide.prototype.next = function(fault) {
	if (fault)
		this.fault.textContent = fault;
	else
		this.go(this.step + 1);
};

Guide.prototype.preset = function() {
	return this.known.ca(this.values.account);
};

Guide.prototype.ca = function() {
	const v = this.values;
	const terms = E('span', {});
	const account = E('select', { 'id': 'ck-g-ca', 'class': 'cbi-input-select' }, this.known.accounts().map(a => E('option', { 'value': a[0], 'selected': a[0] === v.account ? '' : null }, [a[1]])));
	const email = E('input', { 'id': 'ck-g-email', 'type': 'text', 'inputmode': 'email', 'autocomplete': 'email', 'class': 'cbi-input-text', 'value': v.email, 'placeholder': 'me@example.org' });
	const agree = E('input', { 'id': 'ck-g-terms', 'type': 'checkbox' });
	const link = () => {
		const ca = this.known.ca(account.value);
		dom.content(terms, [_('I agree to the terms of the CA.'), ' ', ca && ca.terms ? widgets.link(ca.terms, _('Read them')) : '']);
	};

	agree.checked = v.agreed;
	account.addEventListener('change', link);
	link();

	this.show([
		field('ck-g-ca', _('CA'), account, hint(_('Let’s Encrypt costs nothing and wants no account elsewhere. Others, and a CA of your own, are added under Accounts.'))),
		field('ck-g-email', _('E-mail'), email, hint(_('Optional with most CAs.'))),
		field('ck-g-terms', _('Terms'), E('label', { 'for': 'ck-g-terms' }, [agree, ' ', terms]))
	], [widgets.deed(_('Next'), 'action', () => {
		Object.assign(v, { account: account.value, email: email.value.trim(), agreed: agree.checked });
		const ca = this.preset();
		const address = v.email ? validate.email(v.email) : ca && ca.email ? _('%s wants an e-mail address.').format(ca.title) : true;
		const external = ca && ca.external_account && !ca.external_account_by_email && uci.get('certkeeper', v.account) === null;
		this.next(address !== true ? address : !v.agreed ? _('Without your agreement no CA makes an account.') :
			external ? _('%s wants an account that was made with it: add it under Accounts first.').format(ca.title) : null);
	})]);
};

Guide.prototype.name = function() {
	const v = this.values;
	const why = hint('');
	const name = E('input', { 'id': 'ck-g-name', 'type': 'text', 'class': 'cbi-input-text', 'value': v.names, 'placeholder': 'www.example.org', 'spellcheck': 'false', 'autocapitalize': 'none' });
	const method = E('select', { 'id': 'ck-g-method', 'class': 'cbi-input-select' }, Object.keys(words.METHODS).filter(m => m !== 'none').map(m => E('option', { 'value': m }, [words.METHODS[m]])));
	const provider = E('select', { 'id': 'ck-g-dns', 'class': 'cbi-input-select' }, [E('option', { 'value': '' }, [_('– choose –')])].concat(
		uci.sections('certkeeper', 'provider').map(p => E('option', { 'value': '@' + p['.name'] }, [_('shared: %s').format(p['.name'])])),
		this.known.providers.map(p => E('option', { 'value': p.name }, [p.title]))));
	const settings = E('div', {});
	const dns = E('div', {}, [field('ck-g-dns', _('DNS provider'), provider), E('div', { 'class': 'ck-field' }, [E('span', {}), settings])]);
	const list = () => context.list(name.value.trim().replace(/,/g, ' ')).map(n => n.toLowerCase());

	const draw = () => {
		const own = this.known.provider(provider.value);
		dns.hidden = method.value !== 'dns';
		if (own && (!v.fields || v.fields.provider !== own)) {
			v.fields = new credentials.Fields('ck-g-creds', [], own, [], false);
			dom.content(settings, v.fields.render());
		}
		else if (!own) {
			v.fields = null;
			dom.content(settings, '');
		}
	};
	const suggested = () => {
		const s = suggest.method(list(), this.facts);
		why.textContent = s.why;
		if (!v.chosen)
			method.value = s.method;
		draw();
	};

	provider.value = v.provider || this.facts.provider || '';
	method.addEventListener('change', () => { v.chosen = true; draw(); });
	provider.addEventListener('change', draw);
	name.addEventListener('input', suggested);
	suggested();
	if (v.method)
		method.value = v.method;
	draw();

	this.show([
		field('ck-g-name', _('Names'), name, hint(_('One or more, with blanks between. *.example.org stands for all names below example.org.'))),
		field('ck-g-method', _('Method'), method, why), dns
	], [this.back(), widgets.deed(_('Next'), 'action', () => {
		Object.assign(v, { names: name.value, list: list(), method: method.value, provider: provider.value });
		const ca = this.preset();
		const faults = v.list.length ? v.list.map(n => [validate.name(n), ca ? validate.publicName(n) : true, validate.fits(n, v.method, ca, null)]
			.filter(f => f !== true)[0]).filter(Boolean) : [_('Enter at least one name.')];
		this.next(faults[0] || (v.method === 'dns' && !v.provider ? _('Choose a provider.') : v.method === 'dns' && v.fields ? v.fields.missing() : null));
	})]);
};

/* The section, as it would be saved. */
Guide.prototype.section = function(withSecrets) {
	const v = this.values;
	const out = { domains: v.list, validation_method: v.method };

	if (v.account !== 'letsencrypt')
		out.account = [v.account];

	if (v.method === 'dns' && v.provider[0] === '@')
		out.provider = v.provider.slice(1);
	else if (v.method === 'dns') {
		out.dns = v.provider;
		out.credentials = v.fields.getValue().concat(withSecrets && v.fields.entered() || []);
		if (!out.credentials.length)
			delete out.credentials;
	}

	return out;
};

/* E-mail and agreement are saved before the check: the directory is asked with them. */
Guide.prototype.check = function() {
	const v = this.values;
	const box = E('div', { 'aria-live': 'polite' });
	const next = widgets.deed(_('Next'), 'action', () => this.go(3), { 'disabled': 'disabled' });
	const run = () => {
		next.disabled = true;
		if (!uci.get('certkeeper', 'global'))
			uci.add('certkeeper', 'certkeeper', 'global');
		context.put('global', { accept_tos: v.agreed ? '1' : '0', account_email: v.email }, ['accept_tos', 'account_email']);
		v.name = this.saved || suggest.section(v.list[0], this.known.taken());
		return save.commit().then(() => job.run(box, 'check', { section: v.name, cert: this.section(true) }))
			/* What is found does not bar the way: whoever knows better goes on. */
			.then(() => { next.disabled = !api.mayWrite(); })
			.catch(error => { this.fault.textContent = error.message; });
	};

	this.show([E('p', {}, [_('What an issuance needs is tried now; nothing is ordered.')]), box],
		[this.back(), widgets.button(_('Check again'), 'neutral', ui.createHandlerFn(null, run)), next]);
	return run();
};

/* Saves the section, for the staging server or for real. */
Guide.prototype.store = function(staging) {
	const v = this.values;
	const values = Object.assign(this.section(false), staging ? { staging: '1' } : {});
	const entered = v.fields && v.method === 'dns' ? v.fields.entered() : null;

	if (!this.saved)
		uci.add('certkeeper', 'cert', v.name);

	this.saved = v.name;
	context.put(v.name, values, ['domains', 'validation_method', 'account', 'provider', 'dns', 'credentials', 'staging']);
	return save.commit(entered ? { [v.name]: { credentials: entered } } : {});
};

Guide.prototype.hasStaging = function() {
	const own = uci.get('certkeeper', this.values.account);
	const ca = this.preset();
	return !!(ca && ca.staging || own && own.staging_server);
};

Guide.prototype.run = function(staging, box, good) {
	return this.store(staging).then(() => job.run(box, 'renew', { section: this.values.name })).then(ended => {
		this.changed();
		if (ended && ended.state === 'done')
			good();
	}).catch(error => { this.fault.textContent = error.message; });
};

Guide.prototype.test = function() {
	const box = E('div', { 'aria-live': 'polite' });
	const next = widgets.deed(_('Go live'), 'positive', () => this.go(4), { 'disabled': 'disabled' });

	if (!this.hasStaging())
		return this.show(E('p', {}, [_('This CA has no staging server, so there is no test.')]), [this.back(), widgets.deed(_('Go live'), 'positive', () => this.go(4))]);

	const run = () => this.run(true, box, () => { next.disabled = false; });

	this.show([E('p', {}, [_('The staging server of the CA issues a certificate that nobody trusts: it costs nothing of the CA’s limits, and is not served.')]), box], [
		this.back(), widgets.deed(_('Test'), 'action', ui.createHandlerFn(null, run)),
		widgets.deed(_('Skip the test'), 'neutral', () => this.go(4)), next
	]);
};

Guide.prototype.live = function() {
	const box = E('div', { 'aria-live': 'polite' });

	this.show([E('p', {}, [_('Now for real.')]), box], []);
	return this.run(false, box, () => {
		box.appendChild(widgets.message('success', _('The certificate is there.'),
			_('It is renewed by itself. Its files are %s and %s; choose the services that use it in “Edit”.').format(
				'/etc/ssl/domains/%s.crt'.format(this.values.name), '/etc/ssl/domains/%s.key'.format(this.values.name))));
		this.node.querySelector('.ck-path li:last-child').className = 'ck-past';
	});
};

/* What the router is: its public addresses, who has port 80, its dynamic DNS. None is needed. */
function facts(known) {
	return Promise.all([api.interfaces().catch(() => []), uci.load('ddns').catch(() => null)]).then(all => ({
		addresses: suggest.addresses(all[0]), port80: known.status.port_80,
		provider: suggest.ddnsProvider(uci.sections('ddns', 'service').filter(s => s.enabled === '1').map(s => s.service_name || ''), known.providers)
	}));
}

/* ended(): the guide is to go; changed(): something was issued or saved. */
function render(ended, changed) {
	const place = E('div', {}, E('p', { 'class': 'spinning' }, [_('Loading…')]));

	context.load().then(known => facts(known).then(found => {
		const guide = new Guide(known, found, ended, changed);
		dom.content(place, guide.node);
		guide.go(0);
	})).catch(error => dom.content(place, widgets.failure(error)));

	return place;
}

return baseclass.extend({ render: render });
