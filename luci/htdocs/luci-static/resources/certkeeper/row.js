'use strict';
'require baseclass';
'require certkeeper.actions as actions';
'require certkeeper.drawing as drawing';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.menu as menu';
'require certkeeper.records as records';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* One certificate in the list. */

const NAMES = 4;

/* What is wrong, in words, with what helps. */
function problems(d) {
	const out = [];
	const attempt = d.last_attempt;

	if (attempt && attempt.problem && !d.stage) {
		const names = (d.names || []).filter(n => n.problem && attempt.problem.indexOf(n.problem) < 0);

		out.push(E('div', { 'class': 'ck-problem ck-' + (d.state === 'valid' || d.state === 'deferred' ? 'wait' : 'bad') }, [
			E('p', {}, [attempt.problem]),
			names.map(n => E('p', {}, ['%s: %s'.format(n.name, n.problem)])),
			attempt.remedy ? E('p', { 'class': 'ck-remedy' }, [E('strong', {}, [_('What to do:')]), ' ', attempt.remedy]) : ''
		].flat()));
	}

	(d.warnings || []).filter(w => !attempt || !attempt.problem || w.indexOf(attempt.problem) < 0).forEach(w => {
		out.push(E('div', { 'class': 'ck-problem ck-wait' }, E('p', {}, [w])));
	});

	return out;
}

function when(d, now) {
	const c = d.certificate;
	const parts = [];

	if (c)
		parts.push(c.not_after > now ? _('expires %s').format(format.end(c.not_after, now)) : _('expired %s').format(format.end(c.not_after, now)));

	const failed = d.last_attempt && d.last_attempt.problem;

	if (d.next && d.state !== 'disabled')
		parts.push((c && d.state === 'valid' && !failed ? _('renewal %s') : _('next attempt %s')).format(format.coming(d.next, now)));

	return parts.join(' · ');
}

function source(d) {
	const parts = [];

	if (d.source)
		parts.push(E('span', { 'class': 'ck-source ck-source-' + d.source }, [words.source(d.source)]));
	if (d.certificate)
		parts.push(' ', d.certificate.issuer, ' · ', d.certificate.key_type);
	else if (d.ca)
		parts.push(' ', d.ca);

	return parts;
}

function users(d) {
	return [
		(d.used_by || []).length ? _('used by %s').format(format.names(d.used_by.map(words.user), 3)) : '',
		(d.named_in || []).length ? _('named in %s').format(format.names(d.named_in, 3)) : ''
	].filter(Boolean).map(text => E('p', { 'class': 'ck-dim' }, [text]));
}

/* work: the job of `status` that goes on with this section, or null. */
function render(d, now, chosen, work) {
	const names = (d.names || []).map(n => n.name);
	const all = actions.all(d, now);
	const first = all[0];
	const state = words.state(d.state);
	const stage = d.stage ? E('small', { 'class': 'ck-stage' }, [words.stage(d.stage)]) :
		work ? E('small', { 'class': 'ck-stage' }, [words.job(work.state)[0]]) : '';
	const verb = work ? widgets.button(_('Follow'), 'neutral', () => chosen(() => job.watch(_('Work on %s').format(d.section), work.job))) :
		widgets.deed(first[0], first[3], () => chosen(first[1]), { 'disabled': d.stage ? 'disabled' : null });

	return E('article', { 'class': 'ck-cert', 'data-section': d.section, 'data-state': d.state, 'aria-label': d.section }, [
		E('div', { 'class': 'ck-cert-state' }, [widgets.badge(state), stage]),
		E('div', { 'class': 'ck-cert-what' }, [
			E('h3', {}, [d.section, d.primary ? E('span', { 'class': 'ck-primary', 'title': _('domain.crt and domain.key lead here') }, [_('primary')]) : '']),
			E('p', { 'class': 'ck-names', 'title': names.length > NAMES ? names.join(' ') : null }, [format.names(names, NAMES)]),
			E('p', { 'class': 'ck-dim' }, [].concat(source(d)))
		]),
		E('div', { 'class': 'ck-cert-life' }, [
			d.certificate ? drawing.bar(d.certificate, now) : '',
			E('p', {}, [when(d, now)]),
			users(d)
		].flat()),
		E('div', { 'class': 'ck-cert-do' }, [
			verb,
			menu.create(_('Actions'), () => all.slice(1), chosen)
		]),
		E('div', { 'class': 'ck-cert-trouble' }, problems(d).concat(records.byHand(d)))
	]);
}

return baseclass.extend({ render: render });
