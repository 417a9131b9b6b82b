'use strict';
'require view';
'require form';
'require uci';
'require ui';
'require certkeeper.api as api';
'require certkeeper.context as context';
'require certkeeper.lists as lists';
'require certkeeper.save as save';
'require certkeeper.suggest as suggest';
'require certkeeper.validate as validate';
'require certkeeper.widgets as widgets';

/* What counts for all certificates. */

function path(value) {
	return value === '' || value === null || value[0] === '/' || _('Enter a path that begins with /.');
}

function url(value) {
	const host = /^http:\/\/\[?([0-9a-f:.]+?)\]?(:\d+)?(\/|$)/i.exec(value || '');

	return !value || /^https:\/\/[^\s/]+/i.test(value) || Boolean(host && validate.isAddress(host[1]) && !suggest.isPublic(host[1])) ||
		_('Enter an https:// URL; http:// is for addresses of the own network.');
}

/* URLs and programs are one list in the configuration, and two fields here. */
function told(o, part, known) {
	o.cfgvalue = () => known[part];
	o.write = (id, value) => { known[part] = context.list(value); };
	o.remove = () => { known[part] = []; };

	if (part === 'urls') {
		o.placeholder = 'https://example.org/notify';
		o.validate = (id, value) => url(value);
	}
}

/* known: {urls, programs} of the configuration, {hooks, secrets} as far as the agent says */
function fields(s, known) {
	let o;

	s.tab('general', _('General'));
	s.tab('validation', _('Validation'));
	s.tab('local', _('Local CA'));
	s.tab('tell', _('Notifications'));

	o = s.taboption('general', form.Flag, 'enabled', _('Enabled'), _('Off: nothing is issued or renewed.'));
	o.default = '1';
	o = s.taboption('general', form.Flag, 'accept_tos', _('Terms'), _('You agree to the terms of the CAs that your certificates name; the guide links to them.'));
	o = s.taboption('general', form.Value, 'account_email', _('E-mail'), _('Optional; only some CAs ask for it.'));
	o.validate = (id, value) => value === '' || validate.email(value);
	o = s.taboption('general', form.Value, 'ca_bundle', _('Root certificates'), _('Those that CAs and DNS providers are known by.'));
	o.placeholder = '/etc/ssl/certs/ca-certificates.crt';
	o.validate = (id, value) => path(value);
	o = s.taboption('general', form.Flag, 'debug', _('Debug'), _('The system log gets each request. Secrets are left out.'));

	o = s.taboption('validation', lists.List, 'dns_server', _('Nameservers'), _('They are asked whether records are there: addresses, with [:port], or https:// of a DoH server. Without, those that the Internet asks.'));
	o.placeholder = '192.0.2.53';
	o.validate = (id, value) => !value || validate.nameserver(value);
	o = s.taboption('validation', form.Value, 'webroot', _('Document root'), _('For the method “folder of a web server”.'));
	o.placeholder = '/var/run/acme/challenge';
	o.validate = (id, value) => path(value);
	o = s.taboption('validation', form.Value, 'wan_zone', _('WAN zone'), _('The zone of the firewall that a CA comes through. Empty: each zone with a default route.'));
	o.placeholder = 'wan';

	o = s.taboption('local', form.Flag, 'local_ca', _('Local CA'), _('Serve a certificate of the router’s own CA until the public one has issued, and after a lapse.'));
	o.default = '1';
	o = s.taboption('local', form.Value, 'local_ca_name', _('Name of the root'));
	o.depends('local_ca', '1');
	o = s.taboption('local', form.Value, 'local_ca_days', _('Lifetime of the root, days'));
	o.placeholder = '3650';
	o.depends('local_ca', '1');
	o.validate = (id, value) => value === '' || validate.days(value);

	told(s.taboption('tell', lists.List, '_urls', _('Tell'), _('Who hears when a certificate fails, works again or is about to expire: URLs, which get JSON by POST.')), 'urls', known);
	/* Programs are chosen, never typed. */
	const programs = known.programs.concat(known.hooks.filter(name => known.programs.indexOf(name) < 0));
	if (programs.length) {
		o = s.taboption('tell', form.MultiValue, '_programs', _('Run'), _('Programs in /etc/certkeeper/hooks that hear it.'));
		programs.forEach(name => o.value(name));
		o.placeholder = _('none');
		told(o, 'programs', known);
	}
	o = s.taboption('tell', form.Value, '_notify', _('Secret URL'), _('One that holds a token. It is stored where no login can read it.'));
	o.password = true;
	o.placeholder = known.secrets.indexOf('notify') >= 0 ? _('set; leave empty to keep it') : _('not set');
	o.cfgvalue = () => '';
	o.write = (id, value) => { known.url = value; };
	o.remove = () => { known.url = null; };
	o.validate = (id, value) => url(value);
	if (known.secrets.indexOf('notify') >= 0) {
		o = s.taboption('tell', form.Flag, '_forget', _('Forget the secret URL'));
		o.write = (id, value) => { known.forget = value === '1'; };
		o.remove = () => { known.forget = false; };
	}
	o = s.taboption('tell', form.Flag, 'acme_hotplug', _('Events of the acme package'), _('Also tell those that listen for OpenWrt’s acme package.'));
}

return view.extend({
	load() {
		/* Settings can be made without the agent, too. */
		const ask = method => api.call(method).catch(() => ({}));

		return Promise.all([ask('hooks'), ask('status'), uci.load('certkeeper')]).then(all => {
			if (!uci.get('certkeeper', 'global') && api.mayWrite())
				uci.add('certkeeper', 'certkeeper', 'global');

			const notify = context.list(uci.get('certkeeper', 'global', 'notify'));
			return {
				urls: notify.filter(text => text.indexOf('://') >= 0), programs: notify.filter(text => text.indexOf('://') < 0),
				hooks: all[0].hooks || [], secrets: (all[1].secrets || {}).global || [], url: null, forget: false
			};
		});
	},

	render(known) {
		const map = new form.Map('certkeeper', _('Settings'), _('What counts for all certificates. Each change takes effect at once, with a run that looks whether something is due.'));
		const s = map.section(form.NamedSection, 'global', 'certkeeper');
		const place = E('div', { 'aria-live': 'polite' });
		const page = E('div', { 'class': 'ck-page' });

		map.readonly = !api.mayWrite();
		fields(s, known);

		const secrets = () => known.url ? { global: { notify: [known.url] } } : known.forget ? { global: null } : {};
		const store = () => map.parse()
			.then(() => context.put('global', { notify: known.urls.concat(known.programs) }, ['notify']))
			.then(() => save.commit(secrets()))
			.then(() => { widgets.say(_('Saved.')); return this.load(); })
			.then(anew => this.render(anew)).then(anew => page.replaceWith(anew))
			.catch(error => L.dom.content(place, widgets.message('error', null, error.message || String(error), error.remedy ? E('p', {}, [error.remedy]) : '')));

		return map.render().then(node => {
			L.dom.content(page, [node, place, E('div', { 'class': 'cbi-page-actions' }, [
				widgets.deed(_('Save'), 'positive', ui.createHandlerFn(null, store), { 'class': 'btn cbi-button cbi-button-positive important' })
			])]);
			return page;
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
