'use strict';
'require baseclass';
'require certkeeper.format as format';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* What an ended job came to: its document, drawn by method. */

const MOODS = { good: ['✓', _('in order')], bad: ['✗', _('fault')], wait: ['…', _('waits')] };

function line(mood, title, text, remedy) {
	return E('li', { 'class': 'ck-' + mood }, [
		E('span', { 'class': 'ck-sign', 'aria-hidden': 'true' }, [MOODS[mood][0]]),
		E('div', {}, [
			E('strong', {}, [title]), ' ', E('span', { 'class': 'ck-away' }, [MOODS[mood][1]]), ' ', text || '',
			remedy ? E('p', { 'class': 'ck-remedy' }, [].concat(remedy)) : ''
		])
	]);
}

function findings(document) {
	const all = document.findings || [];
	const faults = all.filter(f => !f.ok);

	/* What is wrong comes first. */
	return [
		widgets.message(faults.length ? 'error' : 'success', faults.length ?
			N_(faults.length, '%d fault was found.', '%d faults were found.').format(faults.length) :
			_('All is well.'), null),
		E('ul', { 'class': 'ck-findings' }, faults.concat(all.filter(f => f.ok)).map(f => line(f.ok ? 'good' : 'bad', words.topic(f.topic), f.text)))
	];
}

function sections(document) {
	const all = (document.sections || []).map(s => {
		const names = Object.keys(s.names || {}).map(n => '%s: %s'.format(n, s.names[n])).join(' · ');

		if (s.outcome === 'failed')
			return line('bad', s.section, s.problem, [
				s.remedy || '', names ? E('br') : '', names,
				s.next ? [E('br'), _('Next attempt: %s').format(format.moment(s.next))] : []
			].flat());

		return line(s.next ? 'wait' : 'good', s.section, s.next ? '%s (%s)'.format(s.text, format.moment(s.next)) : s.text);
	}).concat((document.waiting || []).map(w => line('wait', w.section, '%s (%s)'.format(w.text, format.moment(w.next)))));

	return all.length ? E('ul', { 'class': 'ck-findings' }, all) : widgets.message('notice', null, _('Nothing was due.'));
}

function lines(texts) {
	return (texts || []).map(text => E('p', {}, [text]));
}

const DRAWN = {
	check: findings,
	renew: sections,
	revoke: d => [
		widgets.message('success', d.already ? _('It had been revoked before.') : _('The certificate is revoked.'), null),
		lines(d.served)
	].flat(),
	upload: d => [
		widgets.message('success', _('The certificate is in use.'), null),
		widgets.facts([
			[_('Names'), (d.names || []).join(', ')], [_('Issuer'), d.issuer], [_('Serial number'), format.hex(d.serial)],
			[_('Valid until'), format.moment(d.not_after)]
		]),
		(d.warnings || []).map(w => widgets.message('warning', null, w))
	].flat(),
	rollback: d => widgets.message('success', _('Version %s is in use again.').format(d.to), null),
	import: d => E('ul', { 'class': 'ck-findings' }, (d.sections || []).map(s => line(s.taken ? 'good' : 'bad', s.section, (s.text || []).join('; ')))),
	csr: d => widgets.paper(d.csr, d.section + '.csr', _('the request')),
	order: d => d.text ? widgets.message('success', null, d.text) : '',
	account: d => widgets.message('success', null, d.text),
	local_ca_reissue: d => [
		widgets.message('warning', _('The router’s CA has a new root.'), _('Devices that trusted the former one must be told of it.')),
		widgets.facts([[_('Subject'), d.subject], ['SHA-256', format.hex(d.fingerprint)], [_('Valid until'), format.moment(d.not_after)]])
	]
};

function draw(job) {
	const how = DRAWN[job.method];
	return how && job.document ? how(job.document) : '';
}

return baseclass.extend({ draw: draw });
