'use strict';
'require baseclass';
'require ui';
'require certkeeper.api as api';
'require certkeeper.card as card';
'require certkeeper.errors as errors';
'require certkeeper.widgets as widgets';

/* The card on the overview: how many certificates are valid, which ends first, what fails. */

const PAGE = L.url('admin/services/certkeeper/certificates');

/* LuCI keeps its menu in the browser; after an installation that is from before. */
function inMenu() {
	return ui.menu.load().then(menu => ['admin', 'services', 'certkeeper'].reduce(
		(node, name) => node && node.children ? node.children[name] : null, menu));
}

function refresh() {
	ui.menu.flushCache();
	window.location.reload();
}

return baseclass.extend({
	title: _('Domain Certificates'),

	load() {
		return Promise.all([
			api.call('status').catch(error => ({ error: error })),
			inMenu().catch(() => true)
		]);
	},

	render(all) {
		const head = all[0];

		if (!all[1] && !(head.error && head.error.kind === 'refused')) {
			const lack = errors.make('menu');
			return widgets.message('warning', lack.message, lack.remedy, widgets.button(_('Read the menu anew'), 'action', refresh));
		}

		if (head.error)
			return widgets.failure(head.error);

		const sum = card.sum(head.sections || [], head.now || Math.floor(Date.now() / 1000));

		return E('div', { 'class': 'ck-card' }, [
			E('span', {}, [E('strong', {}, ['%d / %d'.format(sum.valid, sum.all)]), _('valid')]),
			sum.soonest ? E('span', {}, [_('first to end: %s, %s').format(sum.soonest, sum.ends)]) : '',
			sum.running ? widgets.badge([N_(sum.running, '%d at work', '%d at work').format(sum.running), 'busy']) : '',
			sum.failing.length ? widgets.badge([_('failing: %s').format(sum.failing.join(', ')), 'bad']) : '',
			E('a', { 'href': PAGE, 'class': 'btn cbi-button' }, [_('Show')])
		]);
	}
});
