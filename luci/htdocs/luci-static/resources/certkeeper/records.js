'use strict';
'require baseclass';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* Records in DNS that a CA looks for, with whether they are there, to be copied. */

function row(record) {
	const cell = (title, content) => E('td', { 'class': 'td', 'data-title': title }, [].concat(content));

	return E('tr', { 'class': 'tr' }, [
		cell(_('Name'), [E('code', {}, [record.domain]), ' ', widgets.copyButton(record.domain, _('the name'), true)]),
		cell(_('Type'), record.type),
		cell(_('TTL'), record.ttl ? String(record.ttl) : '–'),
		cell(_('Value'), [E('code', {}, [record.value]), ' ', widgets.copyButton(record.value, _('the value'), true)]),
		cell(_('State'), widgets.badge(words.record(record.status)))
	]);
}

function table(records) {
	if (!(records || []).length)
		return '';

	return E('table', { 'class': 'table ck-table' }, [
		E('tr', { 'class': 'tr table-titles' }, [_('Name'), _('Type'), _('TTL'), _('Value'), _('State')].map(t => E('th', { 'class': 'th' }, [t])))
	].concat(records.map(row)));
}

/* Those of a section that its owner writes himself, with what is to be done, or nothing. */
function byHand(document) {
	const open = (document.records || []).some(r => r.status === 'not_ready');

	if (!(document.records || []).length || !(document.names || []).some(n => n.method === 'dns-manual'))
		return '';

	return E('section', { 'class': 'ck-byhand', 'aria-label': _('Records to write') }, [
		E('p', {}, [open ? _('Write these records where the DNS of the domain is kept. They are looked for by themselves, and at once with the button.') :
			_('The records are there. They can go once the certificate is issued.')]),
		table(document.records)
	]);
}

return baseclass.extend({ table: table, byHand: byHand });
