'use strict';
'require baseclass';
'require uci';
'require certkeeper.api as api';
'require certkeeper.job as job';
'require certkeeper.outcome as outcome';
'require certkeeper.save as save';
'require certkeeper.show as show';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* What can be done with one certificate. Each resolves when the page should look again. */

/* A section's second certificate (of the other key) is named with -rsa; the configuration has one. */
function base(section) {
	return section.replace(/-rsa$/, '');
}

function edit(section) {
	return L.require('certkeeper.certform').then(form => form.open(section));
}

/* The real CA takes the place of its staging server. */
function goLive(section) {
	return uci.load('certkeeper')
		.then(() => { uci.set('certkeeper', base(section), 'staging', '0'); return save.commit(); })
		.then(() => job.follow(_('Go live: %s').format(section), 'renew', { section: section }));
}

function test(section) {
	return job.follow(_('Test of %s at the staging server').format(section), 'renew', { section: section, test: true })
		.then(ended => {
			if (!ended || ended.state !== 'done')
				return ended;

			return new Promise(done => widgets.dialog(_('Test of %s').format(section), [
				outcome.draw(ended), E('p', {}, [_('Now the real certificate can be issued.')])
			], [
				widgets.button(_('Not now'), 'neutral', () => { widgets.close(); done(ended); }),
				widgets.deed(_('Issue the real one'), 'positive', () => { widgets.close(); done(renew(section, true)); })
			], true));
		});
}

function renew(section, force) {
	return job.follow((force ? _('Issue %s anew') : _('Issue or renew %s')).format(section), 'renew',
		{ section: section, force: force || undefined });
}

function check(section, outside) {
	return job.follow((outside ? _('The view from outside: %s') : _('Check of %s')).format(section), 'check',
		{ section: section, ca: outside || undefined });
}

function force(section) {
	return new Promise(done => widgets.ask(_('Issue %s anew').format(section),
		_('A new certificate is ordered although the present one is not due. CAs limit how many they issue a week for the same names.'),
		_('Issue anew'), () => done(renew(section, true))));
}

function revoke(section) {
	const reason = E('select', { 'class': 'cbi-input-select', 'id': 'ck-reason' },
		Object.keys(words.REASONS).map(r => E('option', { 'value': r }, [words.REASONS[r]])));

	return new Promise(done => widgets.ask(_('Revoke the certificate %s').format(section),
		_('The CA declares the certificate void for good. No other is got for this section until you ask for one; meanwhile the router’s own CA serves it.'),
		_('Revoke'), () => done(job.follow(_('Revoke %s').format(section), 'revoke', { section: section, reason: reason.value })),
		E('p', {}, [E('label', { 'for': 'ck-reason' }, [_('Reason')]), ' ', reason])));
}

function rollback(section) {
	return new Promise(done => widgets.ask(_('Roll back %s').format(section),
		_('The version before the one in use serves again, and no new one is got until you ask for it.'),
		_('Roll back'), () => done(job.follow(_('Roll back %s').format(section), 'rollback', { section: section }))));
}

function remove(section) {
	return new Promise(done => widgets.ask(_('Remove the section %s').format(section),
		_('The certificate is no longer renewed. Its files stay on the router, and services that use them go on doing so.'),
		_('Remove'), () => done(uci.load('certkeeper').then(() => {
			uci.remove('certkeeper', base(section));
			uci.sections('certkeeper', 'domain').filter(s => s.cert === base(section)).forEach(s => uci.remove('certkeeper', s['.name']));
			return save.commit({ [base(section)]: null });
		}).catch(error => widgets.dialog(_('Remove'), widgets.failure(error))))));
}

function enable(section, on) {
	return uci.load('certkeeper').then(() => {
		uci.set('certkeeper', base(section), 'enabled', on ? '1' : '0');
		return save.commit();
	}).catch(error => widgets.dialog(section, widgets.failure(error)));
}

/* [text, what it does, needs to write, style] of all that fits the document; the first is the one that
   stands by itself. */
function all(d, now) {
	const s = d.section, held = d.certificate, real = d.source === 'acme';
	const banned = d.state === 'banned', off = d.state === 'disabled';
	const list = [];

	if (off)
		list.push([_('Enable'), () => enable(s, true), true, 'positive']);
	else if (banned)
		list.push([_('Reissue'), () => renew(s, true), true, 'action']);
	else if (d.source === 'staging')
		list.push([_('Go live'), () => goLive(s), true, 'positive']);
	else
		list.push([real ? _('Renew') : _('Issue'), () => renew(s), true, 'action']);

	if (!off) {
		list.push([_('Check configuration'), () => check(s), true]);
		list.push([_('View from outside'), () => check(s, true), true]);
		list.push([_('Test (staging)'), () => test(s), true]);
		list.push([_('Force a new one'), () => force(s), true]);
	}
	if (held)
		list.push([_('Show'), () => show.certificate(d, now), false]);

	list.push([_('Log'), () => show.log(s), false]);
	list.push([_('Edit'), () => edit(base(s)), false]);

	if (real && !banned)
		list.push([_('Revoke'), () => revoke(s), true]);
	if (held && held.version > 1 && d.source !== 'local')
		list.push([_('Roll back'), () => rollback(s), true]);
	if (!off)
		list.push([_('Disable'), () => enable(s, false), true]);

	list.push([_('Remove'), () => remove(s), true]);

	return list;
}

return baseclass.extend({ all: all });
