'use strict';
'require view';
'require uci';
'require ui';
'require certkeeper.job as job';
'require certkeeper.page as page';
'require certkeeper.widgets as widgets';

/* Requests (PKCS#10) for certificates that are bought elsewhere; the key stays on the router. */

/* What a subject may hold, as `openssl req -subj` writes it. */
const PARTS = [
	['C', _('Country'), 'DE'], ['ST', _('State or province')], ['L', _('Place')], ['O', _('Organization')], ['OU', _('Unit')], ['CN', _('Common name')]
];

function subject(inputs) {
	return inputs.filter(i => i.value.trim()).map(i => '/%s=%s'.format(i.dataset.part, i.value.trim().replace(/([\\/])/g, '\\$1'))).join('');
}

function draw() {
	const sections = uci.sections('certkeeper', 'cert').map(s => s['.name']);

	if (!sections.length)
		return widgets.empty(_('A request is made for the names of a certificate: add one first.'));

	const place = E('div', {});
	const choice = E('select', { 'id': 'ck-section', 'class': 'cbi-input-select' }, sections.map(s => E('option', { 'value': s }, [s])));
	const fresh = E('input', { 'type': 'checkbox', 'id': 'ck-fresh' });
	const inputs = PARTS.map(p => E('input', { 'type': 'text', 'class': 'cbi-input-text', 'id': 'ck-part-' + p[0], 'data-part': p[0], 'maxlength': p[0] === 'C' ? 2 : 128, 'placeholder': p[2] || null }));
	const line = (id, title, field, hint) => E('div', { 'class': 'ck-field' }, [
		E('label', { 'for': id }, [title]), E('div', {}, [field, hint ? E('p', { 'class': 'ck-hint' }, [hint]) : ''])
	]);
	const make = () => job.run(place, 'csr', { section: choice.value, subject: subject(inputs) || undefined, new_key: fresh.checked || undefined });

	return E('section', { 'class': 'ck-entry' }, [
		line('ck-section', _('Section'), choice, _('The request has its names.')),
		PARTS.map((p, i) => line('ck-part-' + p[0], p[1], inputs[i], p[0] === 'CN' ? _('Without a subject it is the first name.') : '')),
		line('ck-fresh', _('New key'), fresh, _('Otherwise the key of the last request is used again, until its certificate is uploaded.')),
		E('div', { 'class': 'ck-buttons' }, widgets.deed(_('Make request'), 'action', ui.createHandlerFn(null, make))), place
	].flat());
}

return view.extend({
	render() {
		return page.create({
			title: _('CSRs'),
			text: _('A request to buy a certificate with. Its key never leaves the router: it waits there until the certificate is uploaded.'),
			load: () => uci.load('certkeeper'),
			draw: draw
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
