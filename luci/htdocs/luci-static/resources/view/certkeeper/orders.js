'use strict';
'require view';
'require certkeeper.api as api';
'require certkeeper.format as format';
'require certkeeper.job as job';
'require certkeeper.page as page';
'require certkeeper.records as records';
'require certkeeper.widgets as widgets';
'require certkeeper.words as words';

/* Orders under way, with the records that are published for them. */

function act(order, action, title) {
	return job.follow('%s: %s'.format(title, order.section), 'order', { section: order.section, action: action });
}

function names(order) {
	return E('ul', { 'class': 'ck-plain' }, (order.names || []).map(n => E('li', {}, [
		n.name, ' ', n.status ? widgets.badge(words.acme(n.status)) : '', ' ',
		E('span', { 'class': 'ck-dim' }, [words.method(n.method)]), n.problem ? E('p', { 'class': 'ck-fault' }, [n.problem]) : ''
	])));
}

function actions(order, after) {
	const add = (text, kind, action) => widgets.deed(text, kind, after(() => act(order, action, text)), { 'aria-label': '%s: %s'.format(text, order.section) });

	return [
		add(_('Refresh'), 'action', 'refresh'),
		order.status === 'ready' ? add(_('Finalize'), 'positive', 'finalize') : '',
		order.status === 'valid' || order.status === 'processing' ? add(_('Download'), 'positive', 'download') : '',
		widgets.deed(_('Delete'), 'negative', after(() => new Promise(done => widgets.ask(_('Delete the order of %s').format(order.section),
			_('The router forgets the order; at the CA it ends by itself. The next run makes a new one.'), _('Delete'),
			() => done(act(order, 'delete', _('Delete')))))))
	];
}

return view.extend({
	render() {
		return page.create({
			title: _('Orders'),
			text: _('What a CA has been asked for and has not delivered yet. Runs go on with orders by themselves; here it can be done by hand.'),
			load: () => api.call('orders'),
			draw: (answer, after) => {
				const all = answer.orders || [];

				if (!all.length)
					return widgets.empty(_('No order is under way.'));

				return E('div', { 'class': 'ck-list' }, all.map(o => widgets.entry([
					o.section, widgets.badge(words.acme(o.status)), o.staging ? E('span', { 'class': 'ck-source ck-source-staging' }, [_('Staging')]) : ''
				], [widgets.facts([
					[_('Names'), names(o)],
					[_('CA'), '%s (%s)'.format(o.ca, o.account)],
					[_('Created'), format.moment(o.created)],
					[_('Ends'), o.expires ? format.moment(o.expires) : null],
					[_('URL'), E('code', {}, [o.url])]
				]), records.table(o.records)], actions(o, after))));
			}
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null
});
