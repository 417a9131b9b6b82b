'use strict';
'require view';
'require dom';
'require uci';
'require ui';
'require certkeeper.api as api';
'require certkeeper.context as context';
'require certkeeper.errors as errors';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.page as page';
'require certkeeper.paste as paste';
'require certkeeper.save as save';
'require certkeeper.suggest as suggest';
'require certkeeper.validate as validate';
'require certkeeper.widgets as widgets';

/* Certificates that were got elsewhere, and the router's own CA. */

/* uhttpd takes 64 KiB with one call. */
const LONGEST = 60 * 1024;

/* A new section for these names, which asks no CA by itself. */
function create(text) {
	const names = context.list(text.trim().replace(/,/g, ' '));
	const fault = names.length ? names.map(validate.name).filter(f => f !== true)[0] : _('Enter the names of the certificate.');

	if (fault)
		return Promise.reject({ message: fault });

	const section = suggest.section(names[0], uci.sections('certkeeper').map(s => s['.name']));
	uci.add('certkeeper', 'cert', section);
	uci.set('certkeeper', section, 'domains', names);
	uci.set('certkeeper', section, 'auto_update', '0');
	return save.commit().then(() => section);
}

function upload() {
	const sections = uci.sections('certkeeper', 'cert').map(s => s['.name']);
	const certificate = paste.create('ck-cert', _('Certificate'), _('PEM or DER, with its chain in any order; the key may be in the same file.'), 'CERTIFICATE');
	const key = paste.create('ck-key', _('Private key'), _('PKCS#8, PKCS#1 or SEC1, not encrypted. Leave empty when the CSR was made here.'), 'PRIVATE KEY');
	const place = E('div', {});
	const names = E('input', { 'type': 'text', 'id': 'ck-names', 'class': 'cbi-input-text', 'placeholder': 'www.example.org mail.example.org' });
	const fresh = E('div', { 'class': 'ck-field' }, [E('label', { 'for': 'ck-names' }, [_('Its names')]), E('div', {}, names)]);
	const choice = E('select', { 'id': 'ck-section', 'class': 'cbi-input-select', 'change': () => { fresh.hidden = choice.value !== ''; } },
		sections.map(s => E('option', { 'value': s }, [s])).concat(E('option', { 'value': '' }, [_('– a new one –')])));

	fresh.hidden = choice.value !== '';

	function send() {
		const pem = certificate.value();

		if (!pem)
			return Promise.resolve(dom.content(place, widgets.message('error', null, _('There is no certificate yet: choose a file or paste it.'))));

		if (pem.length + key.value().length > LONGEST)
			return Promise.resolve(dom.content(place, widgets.message('error', null, _('That is more than 60 KiB: leave out what is no part of the chain.'))));

		return (choice.value ? Promise.resolve(choice.value) : create(names.value))
			.then(section => job.run(place, 'upload', { section: section, certificate: pem, key: key.value() || undefined }))
			.then(ended => { if (ended && ended.state === 'done') { certificate.clear(); key.clear(); } })
			.catch(error => dom.content(place, widgets.message('error', null, error.message, error.remedy ? E('p', {}, [error.remedy]) : '')));
	}

	return E('section', { 'class': 'ck-entry', 'aria-label': _('Upload') }, [
		E('h3', {}, [_('Upload a certificate')]),
		E('p', { 'class': 'ck-dim' }, [_('It is checked before it comes into use: key, names, chain, dates. When it is to be renewed, the CA of its section takes over, unless the section renews only when asked.')]),
		E('div', { 'class': 'ck-field' }, [E('label', { 'for': 'ck-section' }, [_('Section')]), E('div', {}, choice)]),
		fresh, certificate.node, key.node,
		E('div', { 'class': 'ck-buttons' }, widgets.deed(_('Check and use'), 'positive', ui.createHandlerFn(null, send))), place
	]);
}

function root(ca, after) {
	const reissue = () => new Promise(done => widgets.ask(_('A new root'),
		_('Every device that trusts the present root must be given the new one; until then it warns of the router’s local certificates.'),
		_('Make a new root'), () => done(job.follow(_('A new root'), 'local_ca_reissue', {}))));
	const download = () => api.call('local_ca', { pem: true }).then(answer => widgets.download('certkeeper-root.crt', answer.pem));
	const none = ca.missing;

	return E('section', { 'class': 'ck-entry', 'aria-label': _('Local CA') }, [
		E('h3', {}, [_('The router’s own CA')]),
		E('p', { 'class': 'ck-dim' }, [_('Until the public CA has issued, and after a lapse, sections serve a certificate of this CA. Devices that trust its root see no warning then.')]),
		none ? E('p', {}, [none]) : widgets.facts([
			[_('Subject'), ca.subject], [_('Valid until'), format.moment(ca.not_after)],
			['SHA-256', E('code', { 'class': 'ck-hex' }, [format.hex(ca.fingerprint)])], [_('May certify'), (ca.names || []).join(', ')]
		]),
		E('div', { 'class': 'ck-buttons' }, [
			none ? '' : widgets.button(_('Download root'), 'action', after(download)),
			widgets.deed(none ? _('Make it now') : _('New root'), none ? 'action' : 'negative', after(none ? () => job.follow(_('A new root'), 'local_ca_reissue', {}) : reissue))
		])
	]);
}

return view.extend({
	render() {
		let form = null;

		return page.create({
			title: _('Uploads and local CA'),
			text: _('Certificates that were got elsewhere, and those that the router makes itself.'),
			load: () => Promise.all([
				uci.load('certkeeper'),
				/* That there is none yet is said, not an error. */
				api.call('local_ca').catch(error => error.kind === 'failed' ? { missing: errors.told(error).message } : Promise.reject(error))
			]),
			draw: (all, after) => E('div', { 'class': 'ck-list' }, [form = form || upload(), root(all[1], after)])
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
