'use strict';
'require view';
'require form';
'require uci';
'require certkeeper.context as context';
'require certkeeper.credentials as credentials';
'require certkeeper.page as page';
'require certkeeper.sectionform as sectionform';
'require certkeeper.widgets as widgets';

/* DNS credentials that several certificates share. */

const FORM = {
	kind: 'provider',
	title: _('DNS provider'),
	options: ['dns', 'credentials'],
	lists: [],

	fields(s, known, section) {
		const dns = s.option(form.ListValue, 'dns', _('Provider'));
		known.providers.forEach(p => dns.value(p.name, p.title));
		dns.cfgvalue = () => {
			const name = section === null ? known.providers[0].name : uci.get('certkeeper', section, 'dns');
			return (known.provider(name) || { name: name }).name;
		};

		const o = s.option(credentials.Option, 'credentials', _('Settings'));
		o.descriptor = () => known.provider(dns.cfgvalue());
		o.known = known.secrets(section || '');
		dns.onchange = (ev, id, value) => o.fields(id).setProvider(known.provider(value));
	},

	secrets(map) {
		const entered = map.lookupOption('credentials', 'it')[0].fields('it').entered();
		return entered ? { credentials: entered } : null;
	}
};

function users(name) {
	return uci.sections('certkeeper').filter(s => s.provider === name).map(s => s.cert || s['.name']);
}

function draw(known, after) {
	const all = uci.sections('certkeeper', 'provider');
	const own = uci.sections('certkeeper', 'cert').filter(s => s.dns);

	const list = all.map(s => {
		const name = s['.name'];
		const p = known.provider(s.dns);
		const set = known.secrets(name);
		const values = {};
		context.list(s.credentials).forEach(text => { const pair = credentials.split(text); values[pair[0]] = pair[1]; });

		return widgets.entry([name, E('span', { 'class': 'ck-source' }, [p ? p.title : s.dns || ''])], widgets.facts((p ? p.fields : []).map(f => [
			f.label, f.secret ? widgets.badge(set.indexOf(f.name) >= 0 ? [_('set'), 'good'] : f.optional ? [_('not set'), 'off'] : [_('not set'), 'bad']) :
				values[f.name] || f.default || '–'
		]).concat([[_('Used by'), users(name).join(', ')]])), [
			widgets.deed(_('Edit'), 'neutral', after(() => sectionform.open(FORM, name)), { 'aria-label': '%s: %s'.format(_('Edit'), name) }),
			widgets.deed(_('Remove'), 'negative', after(() => users(name).length ?
				Promise.reject({ kind: 'used', message: _('%s is in use.').format(name), remedy: _('Give these certificates another provider first: %s').format(users(name).join(', ')) }) :
				sectionform.remove(name)), { 'aria-label': '%s: %s'.format(_('Remove'), name) })
		]);
	});

	return [
		list.length ? E('div', { 'class': 'ck-list' }, list) : widgets.empty(_('No credentials are shared. A certificate may have its own, in its dialog; several share what is added here.')),
		own.length ? E('p', { 'class': 'ck-hint' }, [_('With credentials of their own: %s').format(own.map(s => s['.name']).join(', '))]) : '',
		E('details', { 'class': 'ck-timeline' }, [
			E('summary', {}, [N_(known.providers.length, '%d provider is known', '%d providers are known').format(known.providers.length)]),
			E('ul', {}, known.providers.map(p => E('li', {}, widgets.link(p.docs, p.title))))
		])
	];
}

return view.extend({
	render() {
		return page.create({
			title: _('DNS providers'),
			text: _('Where certkeeper writes the records that prove that a name is yours. Secrets are stored where no login can read them; here they are only “set” or “not set”.'),
			buttons: after => [widgets.deed(_('Add provider'), 'add', after(() => sectionform.open(FORM, null)))],
			load: () => context.load(),
			draw: draw
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
