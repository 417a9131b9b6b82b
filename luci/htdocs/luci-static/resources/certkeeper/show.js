'use strict';
'require baseclass';
'require certkeeper.api as api';
'require certkeeper.format as format';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* Dialogs that only look: a certificate, and a section's log. */

function facts(c, document, now) {
	const when = at => '%s (%s)'.format(format.moment(at), format.end(at, now));
	const hex = text => E('code', { 'class': 'ck-hex' }, [format.hex(text)]);

	return widgets.facts([
		[_('Names'), (c.names || []).join(', ')],
		[_('Subject'), c.subject],
		[_('Serial number'), hex(c.serial)],
		[_('Source'), words.source(document.source)],
		[_('Issuer'), c.issuer],
		[_('Chain'), E('ol', { 'class': 'ck-chain' }, (c.chain || []).map(name => E('li', {}, [name])))],
		[_('Valid from'), format.moment(c.not_before)],
		[_('Valid until'), when(c.not_after)],
		[_('Renewal'), c.due ? when(c.due) : null],
		[_('Renewal window of the CA'), c.ari && c.ari.start ? [
			'%s – %s'.format(format.moment(c.ari.start), format.moment(c.ari.end)),
			c.ari.url ? [' ', widgets.link(c.ari.url, _('Why'))] : []
		].flat() : null],
		[_('Key'), c.key_elsewhere ? '%s (%s)'.format(c.key_type, _('kept elsewhere')) : c.key_type],
		['SHA-256', hex(c.fingerprint)],
		[_('Account'), c.uploaded ? _('none: it was uploaded') : c.account],
		[_('Version'), String(c.version)],
		[_('Files'), E('ul', { 'class': 'ck-plain' }, (c.files || []).map(f => E('li', {}, E('code', {}, [f]))))],
		[_('Used by'), (c.used_by || []).map(words.user).join(', ')],
		[_('Named in'), (c.named_in || []).join(', ')]
	]);
}

function certificate(document, now) {
	const place = E('div', {}, E('p', { 'class': 'spinning' }, [_('Loading…')]));
	const pem = E('div', {});

	widgets.dialog(_('Certificate %s').format(document.section), [place, pem], null, true);

	return widgets.fill(place, api.call('certificate', { section: document.section }), c => facts(c, document, now))
		.then(() => widgets.fill(pem, api.call('certificate', { section: document.section, pem: true }),
			c => widgets.paper(c.pem, document.section + '.crt', _('the certificate with its chain'))));
}

function log(section) {
	const place = E('div', {}, E('p', { 'class': 'spinning' }, [_('Loading…')]));

	widgets.dialog(_('Log of %s').format(section), place, null, true);

	return widgets.fill(place, api.call('log', { section: section }), answer => {
		const lines = answer.lines || [];
		const rows = lines.map(line => {
			const step = format.step(line, words.STAGES);
			return E('li', {}, [
				E('time', {}, [step.at === null ? '' : '%s %s'.format(format.day(step.at), format.clock(step.at))]),
				E('strong', {}, [words.stage(step.stage)]), E('span', {}, [step.text || ''])
			]);
		});

		return [E('ol', { 'class': 'ck-log', 'tabindex': '0', 'aria-label': _('Log') }, rows), widgets.copyButton(lines.join('\n'), _('the log'))];
	});
}

return baseclass.extend({ certificate: certificate, log: log });
